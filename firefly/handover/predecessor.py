"""The successor's side: a server that runs already, and what it gives."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import structlog

from firefly.adapters.listening import PLAIN, Listeners
from firefly.errors import Conflict, Unavailable
from firefly.link import Link
from firefly.link.link import Call, Note
from firefly.unixsockets import is_own, peer

from .protocol import CONTROL_SOCKET, VERSION, WIRE

OFFER_LIMIT, LET_GO_LIMIT = 10.0, 90.0

log = structlog.get_logger()


class Predecessor:
    """A connection to the server that runs; its end is that server's end, or that of a start given up."""

    def __init__(self, connection: socket.socket) -> None:
        self.pid, _ = peer(connection)
        self.is_followed = False
        """Whether it has been told that this server has taken its place."""
        self._calls: dict[str, Call] = {}
        self._notes: dict[str, Note] = {}
        self._link = Link(connection, WIRE, calls=self._calls, notes=self._notes)

    @classmethod
    async def find(cls, folder: Path) -> Self | None:
        """Who serves from this run folder; None where nobody does. Raises Conflict for one of another user."""
        path = folder / CONTROL_SOCKET
        if not await asyncio.to_thread(path.is_socket):
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, str(path))
            if not await asyncio.to_thread(is_own, path) or peer(connection)[1] != os.geteuid():
                raise Conflict(f"{path} belongs to another user. Run as that user, or choose another FIREFLY_DATA_DIR.")
        except (ConnectionRefusedError, FileNotFoundError):
            # What a server that was killed has left behind.
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @property
    def gone(self) -> asyncio.Event:
        """Set when it has ended."""
        return self._link.closed

    async def sockets(self) -> Listeners:
        """What it listens on, for this process too. Raises Conflict where it does not hand over."""
        offer, handed = await self._ask("offer", VERSION, limit=OFFER_LIMIT)
        log.info("handover.begun", pid=offer.pid, release=offer.release)
        named = list(zip(offer.names, handed, strict=True))
        return Listeners(
            tuple(one for name, one in named if name != PLAIN), tuple(one for name, one in named if name == PLAIN)
        )

    async def let_go(self) -> None:
        """From here on what must be one server's alone is this one's. Raises Conflict where it cannot let go."""
        await self._ask("let_go", limit=LET_GO_LIMIT)

    def here(self, calls: Mapping[str, Call], notes: Mapping[str, Note]) -> None:
        """Sandboxes are kept here now, and the application answers: it may call from now on."""
        self._calls.update(calls)
        self._notes.update(notes)
        self._link.note("here")

    def taken_over(self) -> None:
        """Connections are accepted here."""
        self.is_followed = True
        self._link.note("taken_over")

    def close(self) -> None:
        self._link.close()

    async def _ask(self, name: str, *values: object, limit: float) -> Any:
        try:
            return await self._link.call(name, *values, limit=limit)
        except Unavailable as error:
            raise Conflict(
                f"The running Firefly (process {self.pid}) does not hand over. {error.detail} "
                "If it still serves, stop it; then start this one."
            ) from error
