"""The running server's side: one successor at a time, and back to as before where it fails."""

import asyncio
import os
import socket
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog

from firefly import __version__
from firefly.adapters.listening import PLAIN, Listeners
from firefly.errors import Conflict, Unavailable
from firefly.link import Link, Sockets, first
from firefly.link.link import Call, Note
from firefly.unixsockets import inode_of, peer, put_in_place

from .protocol import CONTROL_SOCKET, VERSION, WIRE, Offer

# It has limits of its own for what takes long; this is for one that does not answer.
CALL_LIMIT = 900.0

log = structlog.get_logger()


class Holdings(Protocol):
    """What must be one server's alone."""

    async def let_go(self, successor: "Successor") -> None:
        """Hold none of it any more, without ending any of it; ask `successor` instead. Raises what prevents it."""

    async def take_back(self) -> None:
        """Hold all of it again: the successor is no more."""


class Successor:
    """Asks the successor, once it is there. Raises Unavailable where it does not come, or is gone."""

    link: Link

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._here = asyncio.Event()
        self._early: dict[tuple[str, tuple[object, ...]], None] = {}

    def arrive(self) -> None:
        self._here.set()
        for name, values in self._early:
            self.link.note(name, *values)
        self._early.clear()

    async def comes(self) -> bool:
        """Wait until it can be asked; False where it is gone before."""
        if not self._here.is_set():
            await first(self._here.wait(), self.link.closed.wait())
        return self._here.is_set()

    async def call(self, name: str, *values: object) -> Any:
        """Raises what it raises there, and Unavailable where it is gone."""
        if not await self.comes():
            raise Unavailable("Firefly is being replaced just now. Try again.")
        return await self.link.call(name, *values, limit=CALL_LIMIT)

    def note(self, name: str, *values: object) -> None:
        """Told when it is there, if not yet."""
        if self._here.is_set():
            self.link.note(name, *values)
        else:
            self._early[name, values] = None


class Handover:
    """Listens at `control.sock`, for processes of the same user alone."""

    def __init__(self, folder: Path, listeners: Listeners, holdings: Holdings) -> None:
        self._path = folder / CONTROL_SOCKET
        self._listeners = listeners
        self._holdings = holdings
        self._control: socket.socket | None = None
        self._inode: int | None = None
        self._successor: Successor | None = None
        self.has_let_go = False
        """Whether all that is one server's alone is a successor's."""
        self._changing = asyncio.Lock()
        self._visits: dict[asyncio.Task[None], Successor] = {}
        self.taken_over = asyncio.Event()

    async def open(self) -> None:
        """Listen in the place of whoever did before."""
        self._control = await asyncio.to_thread(put_in_place, self._path, mode=0o600)
        self._inode = await asyncio.to_thread(inode_of, self._path)
        asyncio.get_running_loop().add_reader(self._control.fileno(), self._accept)

    async def close(self) -> None:
        """Listen no more; whoever has taken over learns by the end of the link that this server is gone."""
        self._silence()
        if self._inode is not None and await asyncio.to_thread(inode_of, self._path) == self._inode:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)
        for successor in self._visits.values():
            successor.link.close()
        await asyncio.gather(*self._visits, return_exceptions=True)

    async def forsaken(self) -> None:
        """Returns when the successor is gone."""
        assert self._successor is not None
        await self._successor.link.closed.wait()

    def _silence(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None

    def _accept(self) -> None:
        assert self._control is not None
        try:
            connection, _ = self._control.accept()
        except OSError:
            return
        pid, uid = peer(connection)
        if uid != os.geteuid():
            log.warning("handover.refused", pid=pid, uid=uid)
            connection.close()
            return
        successor = Successor(pid)
        calls: dict[str, Call] = {"offer": partial(self._offer, successor), "let_go": partial(self._let_go, successor)}
        notes: dict[str, Note] = {"here": successor.arrive, "taken_over": partial(self._take_leave, successor)}
        successor.link = Link(connection, WIRE, calls=calls, notes=notes)
        visit = asyncio.create_task(self._follow(successor), name="successor")
        self._visits[visit] = successor
        visit.add_done_callback(self._visits.pop)

    async def _offer(self, successor: Successor, version: int) -> Sockets:
        if version != VERSION:
            raise Conflict(
                f"The running Firefly {__version__} (process {os.getpid()}) hands over in another way than this one. "
                "Stop it, then start this one."
            )
        if self._successor is not None:
            raise Conflict(f"Process {self._successor.pid} is taking over already.")
        self._successor = successor
        log.info("handover.offered", pid=successor.pid)
        door, plain = self._listeners.door, self._listeners.plain
        names = tuple("" for _ in door) + tuple(PLAIN for _ in plain)
        return Sockets(Offer(os.getpid(), __version__, names), tuple(_copy(one) for one in (*door, *plain)))

    async def _let_go(self, successor: Successor) -> None:
        # To its end, also when the successor goes in the middle of it: what was half let go of could not be taken back.
        await asyncio.shield(asyncio.ensure_future(self._change(successor)))

    async def _change(self, successor: Successor) -> None:
        async with self._changing:
            if self._successor is not successor or successor.link.closed.is_set():
                raise Conflict("Ask for the sockets first.")
            await self._holdings.let_go(successor)
            self.has_let_go = True
            log.info("handover.let_go", pid=successor.pid)

    def _take_leave(self, successor: Successor) -> None:
        if self.has_let_go and self._successor is successor:
            log.info("handover.taken_over", pid=successor.pid)
            self._silence()
            self.taken_over.set()

    async def _follow(self, successor: Successor) -> None:
        """Where a successor goes without having taken over, everything is as before."""
        await successor.link.closed.wait()
        async with self._changing:
            if self._successor is not successor or self.taken_over.is_set():
                return
            log.warning("handover.failed", pid=successor.pid)
            if self.has_let_go:
                await self._take_back()
            self._successor = None

    async def _take_back(self) -> None:
        self.has_let_go = False
        try:
            await self._holdings.take_back()
        # Whatever it is: a server that neither has its sandboxes nor says so helps nobody.
        except Exception as error:
            log.error("handover.not_taken_back", exc_info=error)
        # It may have put its own socket in place already; a server that closes needs none.
        if await asyncio.to_thread(inode_of, self._path) != self._inode and self._control is not None:
            self._silence()
            await self.open()


def _copy(listener: socket.socket) -> socket.socket:
    """Another descriptor. `dup` would also make it block, and with it the one of every process that accepts from it."""
    return socket.socket(fileno=os.dup(listener.fileno()))
