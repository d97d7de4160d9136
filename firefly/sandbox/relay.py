"""A remote bridge at hand: its unix socket and its gateway's folder, kept on the server's side."""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from pathlib import Path

import structlog

from firefly.errors import FireflyError
from firefly.protocol import companion
from firefly.protocol.preface import GO, LONGEST_LINE, OK, Refusal, Verb, refusal
from firefly.splicing import accept, read_line, splice
from firefly.unixsockets import put_in_place

from .remote import Remote

BRIDGE, GATEWAY = "bridge.sock", "gateway"
GATEWAY_SOCKETS = ("git.sock", "packages.sock", companion.SOCKET)
# So many wait for a program inside; each that is taken is followed by another at once.
WAITING = 2
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
log = structlog.get_logger()


class Relay:
    """Whoever connects to `folder`/bridge.sock is at the bridge; who connects to a gateway's socket inside is at the
    one of the same name in `folder`/gateway."""

    def __init__(self, remote: Remote, folder: Path) -> None:
        self.remote = remote
        self._folder = folder
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def bridge_path(self) -> Path:
        return self._folder / BRIDGE

    @property
    def gateway_path(self) -> Path:
        return self._folder / GATEWAY

    async def open(self) -> None:
        self.gateway_path.mkdir(parents=True, exist_ok=True)
        listener = await asyncio.to_thread(put_in_place, self.bridge_path, mode=0o600)
        self._begin(self._accept(listener))
        for name in GATEWAY_SOCKETS:
            for _ in range(WAITING):
                self._begin(self._wait_always(name))

    async def close(self) -> None:
        """End all connections that pass here. The folder stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connect(self, port: int) -> socket.socket:
        """A connection to a port inside; raises what `Remote.open` raises."""
        return await self.remote.open(Verb.PORT, str(port))

    def _begin(self, work: Coroutine[None, None, None], connection: socket.socket | None = None) -> None:
        """`connection` is closed at its end: work that is cancelled early never runs a line of its own."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if connection is not None:
            task.add_done_callback(lambda _: connection.close())

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                connection = await accept(listener)
                self._begin(self._pass_on(connection), connection)

    async def _pass_on(self, connection: socket.socket) -> None:
        try:
            bridge = await self.remote.open(Verb.BRIDGE)
        except FireflyError as error:
            # Closing is what a bridge that has ended does, too.
            log.debug("relay.failed", reason=error.detail)
            return
        with bridge:
            await splice(connection, bridge)

    async def _wait_always(self, name: str) -> None:
        """Have a connection wait inside, and another one when it is taken."""
        pause = FIRST_PAUSE
        while True:
            try:
                connection = await self.remote.open(Verb.GATEWAY, name)
                if await self._wait(connection, name):
                    pause = FIRST_PAUSE
                    continue
            except FireflyError as error:
                log.debug("relay.away", reason=error.detail)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _wait(self, connection: socket.socket, name: str) -> bool:
        """Until a program comes, which is then served beside; false where the connection ended first."""
        try:
            came = await read_line(connection, LONGEST_LINE) == GO
        except OSError:
            came = False
        except BaseException:
            connection.close()
            raise
        if came:
            self._begin(self._serve(connection, name), connection)
        else:
            connection.close()
        return came

    async def _serve(self, connection: socket.socket, name: str) -> None:
        loop = asyncio.get_running_loop()
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        with local, contextlib.suppress(OSError):
            try:
                await loop.sock_connect(local, str(self.gateway_path / name))
            except OSError:
                await loop.sock_sendall(connection, refusal(Refusal.REFUSED, "Nobody listens for it."))
                return
            await loop.sock_sendall(connection, OK)
            await splice(connection, local)
