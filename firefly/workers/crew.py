"""All workers of a server, told of each change at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

import structlog

from firefly.access import Policy
from firefly.adapters.door import Doors, Sources
from firefly.adapters.listening import Listeners
from firefly.auth import Revocation
from firefly.proxy.numbers import together
from firefly.proxy.report import Report, merged
from firefly.routes import Route

from .feed import changed_policies, pieces
from .member import GRACE, Member

ENDED_LIMIT = 60.0
REPORT_LIMIT = 2.0

log = structlog.get_logger()


class Crew(Doors):
    """`count` processes that accept from the same sockets."""

    def __init__(self, sources: Sources, count: int) -> None:
        super().__init__(sources)
        self._count = count
        self._members: list[Member] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._policies: Mapping[UUID, Policy] = {}

    async def prepare(self, listeners: Listeners) -> None:
        """Returns when each process knows everything. Raises Unavailable where one does not come up."""
        self._listen()
        self._members = [
            Member(number, self._sources, door=listeners.door, plain=listeners.plain) for number in range(self._count)
        ]
        self._tasks = [asyncio.create_task(member.run(), name="worker") for member in self._members]
        try:
            for member in self._members:
                await member.prepared()
        except BaseException:
            await self.close(drain=0, tunnels=0)
            raise

    async def open(self) -> None:
        for member in self._members:
            member.allowed.set()
        for member in self._members:
            await member.serving.wait()

    def retire(self) -> None:
        self._tell("retire")

    async def ended(self, *, drain: float, tunnels: float) -> None:
        limit = drain + tunnels + ENDED_LIMIT
        links = [member.feed.link for member in self._members if member.feed]
        calls = (link.call("ended", drain, tunnels, limit=limit) for link in links)
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, BaseException):
                log.warning("worker.not_drained", reason=str(answer))

    async def close(self, *, drain: float, tunnels: float) -> None:
        await asyncio.gather(*(member.close(drain=drain, tunnels=tunnels) for member in self._members))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2 * GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set_stale(self, stale: bool) -> None:
        for member in self._members:
            member.stale = stale
        self._tell("stale", stale)

    @property
    def numbers(self) -> Mapping[str, float]:
        total = together(member.numbers for member in self._members)
        return total | {"workers": sum(member.serving.is_set() for member in self._members)}

    async def report(self) -> Report:
        links = [member.feed.link for member in self._members if member.feed]
        calls = (link.call("report", limit=REPORT_LIMIT) for link in links)
        found = await asyncio.gather(*calls, return_exceptions=True)
        return merged([report for report in found if isinstance(report, Report)])

    def _listen(self) -> None:
        sources = self._sources
        self._policies = dict(sources.policies.known)
        sources.table.on_change(self._tell_routes)
        sources.refusals.on_record(self._tell_revocation)
        sources.policies.on_change(self._tell_policies)
        sources.missing.on_note(partial(self._tell, "missing"))
        if sources.shelf is not None:
            loop = asyncio.get_running_loop()
            sources.shelf.on_change(partial(_soon, loop, self._tell_certificates))

    def _tell(self, name: str, *values: object) -> None:
        for member in self._members:
            if member.feed is not None:
                member.feed.link.note(name, *values)

    def _tell_routes(self, routes: Sequence[Route], gone: Sequence[str]) -> None:
        # In frames of a bounded size, however many changed at once.
        for some in pieces(routes):
            self._tell("routes", some, ())
        for hosts in pieces(gone):
            self._tell("routes", (), hosts)

    def _tell_revocation(self, revocation: Revocation) -> None:
        self._tell("revoked", revocation)

    def _tell_policies(self) -> None:
        before, self._policies = self._policies, dict(self._sources.policies.known)
        self._tell("policies", changed_policies(before, self._policies))
        self._tell("review")

    def _tell_certificates(self) -> None:
        if self._sources.shelf is not None:
            self._tell("certificates", [one.pair for one in self._sources.shelf.certificates])


def _soon(loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    """From whatever thread."""
    loop.call_soon_threadsafe(tell)
