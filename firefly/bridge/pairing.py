"""Programs inside that want the server, paired with the connections on which the server waits for them.

The gateway's sockets are the server's where a folder can be shared. Elsewhere they are the bridge's, and each program
that connects is given one of the connections that the server opened beforehand.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from firefly.errors import InvalidInput
from firefly.protocol import companion
from firefly.protocol.preface import GO, LONGEST_LINE, parse_answer
from firefly.splicing import accept, read_line, splice

SOCKETS = ("git.sock", "packages.sock", companion.SOCKET)
WAIT_LIMIT = 10.0
# A server that is still there answers in the time of a round trip.
GREET_LIMIT = 3.0
MOST_WAITING = 16
MOST_PROGRAMS = 32
AWAY = "the server cannot be reached just now"
log = structlog.get_logger()


class Pairing:
    """`folder` is where programs look for the sockets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, deque[socket.socket]] = {name: deque() for name in SOCKETS}
        self._came = asyncio.Event()
        self._programs: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for programs inside the block; at its end all connections are closed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        listeners = {name: self._listen(name) for name in SOCKETS}
        accepting = [asyncio.create_task(self._accept(listener, name)) for name, listener in listeners.items()]
        try:
            yield
        finally:
            for task in (*accepting, *self._programs):
                task.cancel()
            await asyncio.gather(*accepting, *self._programs, return_exceptions=True)
            for connection in [one for waiting in self._waiting.values() for one in waiting]:
                connection.close()

    def wait(self, connection: socket.socket, name: str) -> None:
        """Keep a connection of the server until a program comes. Too many of them: the oldest ends."""
        waiting = self._waiting.get(name)
        if waiting is None:
            connection.close()
            return
        waiting.append(connection)
        while len(waiting) > MOST_WAITING:
            waiting.popleft().close()
        self._came.set()

    def _listen(self, name: str) -> socket.socket:
        path = self._folder / name
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listener.bind(str(path))
        listener.listen(MOST_PROGRAMS)
        return listener

    async def _accept(self, listener: socket.socket, name: str) -> None:
        with listener:
            while True:
                program = await accept(listener)
                if len(self._programs) >= MOST_PROGRAMS:
                    program.close()
                    continue
                task = asyncio.create_task(self._serve(program, name))
                self._programs.add(task)
                task.add_done_callback(self._programs.discard)

    async def _serve(self, program: socket.socket, name: str) -> None:
        with program, contextlib.suppress(OSError):
            try:
                async with asyncio.timeout(WAIT_LIMIT):
                    connection = await self._partner(name)
            except (TimeoutError, _Refused) as error:
                sentence = str(error) or AWAY
                log.warning("gateway.away", socket=name, reason=sentence)
                program.send(f"error {sentence}\n".encode())
                return
            with connection:
                await splice(program, connection)

    async def _partner(self, name: str) -> socket.socket:
        """The connection that came last of those at whose other end somebody still is. Raises _Refused."""
        while True:
            while not self._waiting[name]:
                self._came.clear()
                await self._came.wait()
            connection = self._waiting[name].pop()
            try:
                if await _greet(connection):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()


class _Refused(Exception):
    """The server is there, and does not serve the program."""


async def _greet(connection: socket.socket) -> bool:
    """Tell the server that a program has come; false where nobody is there any more."""
    try:
        async with asyncio.timeout(GREET_LIMIT):
            await asyncio.get_running_loop().sock_sendall(connection, GO)
            refused, sentence = parse_answer(await read_line(connection, LONGEST_LINE))
    except (OSError, TimeoutError, InvalidInput):
        return False
    if refused is not None:
        raise _Refused(sentence)
    return True
