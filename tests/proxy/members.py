"""A house whose route spreads over several members, each a recorder of its own."""

from pathlib import Path
from uuid import uuid4

from firefly.proxy import Limits
from firefly.proxy.spread import Balancer, Member
from firefly.routes import Access, Health, Route, SandboxTarget, Spread

from .house import HOST, Behaviour, House, Peer, Recorder, ok


class Row(House):
    """`targets` and `recorders` go together; each recorder answers with its own number."""

    def __init__(
        self, folder: Path, number: int, *, health: Health | None = None, limits: Limits | None = None
    ) -> None:
        super().__init__(folder, limits=limits)
        self.targets = tuple(SandboxTarget(uuid4(), 3000) for _ in range(number))
        self.recorders = [Recorder(named(n)) for n in range(number)]
        self.spread = Spread(self.targets, health)

    async def open(self) -> None:
        await super().open()
        for number, recorder in enumerate(self.recorders):
            await recorder.open()
            self.dialer.serve(self.targets[number], recorder.address, instance=f"i{number}")
        self.lead_to(self.spread)

    async def close(self) -> None:
        await super().close()
        for recorder in self.recorders:
            await recorder.close()

    def lead_to(self, target: Spread | SandboxTarget) -> None:
        self.table.put(Route(HOST, target, uuid4(), Access.MEMBERS))

    async def asked(self, times: int, *, method: str = "GET") -> list[str]:
        """Who answered one request after another."""
        return [(await self.ask(method=method)).body.decode() for _ in range(times)]

    def refuse(self, number: int) -> None:
        """Let the member take no more connections."""
        self.dialer.addresses[self.targets[number]] = ConnectionRefusedError("Nothing listens.")

    def serve(self, number: int, *, instance: str) -> None:
        self.dialer.serve(self.targets[number], self.recorders[number].address, instance=instance)

    @property
    def balancer(self) -> Balancer:
        return self.door._context.spreads.find(self.spread)

    def member(self, number: int) -> Member:
        return self.balancer.members[number]

    def wait_out(self, number: int) -> None:
        """End the pause of a member, as if its time had passed."""
        self.member(number).until = self.door._context.now

    @property
    def out(self) -> list[int]:
        """Who is out of service for its failures."""
        now = self.door._context.now
        return [number for number, member in enumerate(self.balancer.members) if member.until > now]


def named(number: int) -> Behaviour:
    async def answer(peer: Peer) -> None:
        while True:
            await peer.read_request()
            peer.send(ok(b"%d" % number))

    return answer
