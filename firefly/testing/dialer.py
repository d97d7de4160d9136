"""A Dialer to real sockets of this machine, for tests and benchmarks."""

import asyncio
import socket

from firefly.connecting import connect
from firefly.errors import NotFound
from firefly.proxy import Dialer, Progress
from firefly.routes import Target


class MemoryDialer(Dialer):
    """Targets are entered by hand: an address, or an error that dialing raises."""

    def __init__(self) -> None:
        self.addresses: dict[Target, tuple[str, int] | str | Exception] = {}
        self.instances: dict[Target, str] = {}
        """Who is not named here sleeps, until it is dialed."""
        self.dialed: list[Target] = []
        self.touched: list[Target] = []
        self.used_at: dict[Target, float] = {}
        self.probed: list[Target] = []
        self.steps: dict[Target, Progress] = {}
        """What is told of targets on their way."""
        self.looked: list[Target] = []
        self.delay: float = 0
        """Seconds that each dial takes, for targets that are slow to wake."""

    def serve(self, target: Target, address: tuple[str, int] | str | Exception, *, instance: str = "one") -> None:
        """Answer dials of `target` with a connection to a TCP address or unix path, or with an error."""
        self.addresses[target] = address
        self.instances[target] = instance

    def instance(self, target: Target) -> str | None:
        return self.instances.get(target)

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        self.dialed.append(target)
        if self.delay:
            await asyncio.sleep(self.delay)
        connection = await self._connect(target)
        return self.instances.setdefault(target, "woken"), connection

    async def probe(self, target: Target) -> socket.socket:
        self.probed.append(target)
        return await self._connect(target)

    async def progress(self, target: Target) -> Progress:
        self.looked.append(target)
        return self.steps.get(target) or await super().progress(target)

    async def _connect(self, target: Target) -> socket.socket:
        address = self.addresses.get(target)
        if address is None:
            raise NotFound("There is no such target.")
        if isinstance(address, Exception):
            raise address
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            if isinstance(address, str):
                await asyncio.get_running_loop().sock_connect(connection, address)
            else:
                await connect(connection, address)
        except BaseException:
            connection.close()
            raise
        return connection

    def touch(self, target: Target, at: float) -> None:
        self.touched.append(target)
        self.used_at[target] = at
