"""One end of a pair of connected unix sockets, over which two processes call each other."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, TypeAlias

import structlog

from firefly.errors import FireflyError, TimedOut, Unavailable

from .channel import Channel, Descriptors, close_all
from .wire import Wire

Call: TypeAlias = Callable[..., Awaitable[object]]
Note: TypeAlias = Callable[..., None]

MOST_CALLS = 10_000
CALL, ANSWER, FAILURE, CANCEL, NOTE = "call", "answer", "failure", "cancel", "note"
GONE = "The other process of Firefly has ended."

log = structlog.get_logger()


class Sockets(tuple[object, tuple[socket.socket, ...]]):
    """What a call answers that hands descriptors over: a value, and sockets, which are closed here once sent."""

    __slots__ = ()

    def __new__(cls, value: object, sockets: tuple[socket.socket, ...]) -> "Sockets":
        return super().__new__(cls, (value, sockets))


class Link:
    """`calls` and `notes` are what the other side may ask and say here; both get the values by position.

    What raises in a call is raised at the caller's. When the other side is gone, all calls raise Unavailable.
    """

    def __init__(
        self,
        connection: socket.socket,
        wire: Wire,
        *,
        calls: Mapping[str, Call] | None = None,
        notes: Mapping[str, Note] | None = None,
    ) -> None:
        self._wire = wire
        self._calls = {} if calls is None else calls
        self._notes = {} if notes is None else notes
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.closed = asyncio.Event()
        self._channel = Channel(connection, take=self._take, ended=self._ended)

    async def call(self, name: str, *values: object, limit: float = 30) -> Any:
        """What the other side answers; where it hands sockets over, these come as `Sockets`.

        Raises what it raises; TimedOut after `limit` seconds; Unavailable where it is gone.
        """
        if self.closed.is_set():
            raise Unavailable(GONE)
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        try:
            self._send(CALL, number, name, values)
            async with asyncio.timeout(limit):
                return await answer
        except TimeoutError:
            raise TimedOut("The other process of Firefly does not answer.") from None
        finally:
            if number in self._answers:
                # It stays entered until the other side has answered: sockets that come all the same must be closed.
                self._send(CANCEL, number)

    def note(self, name: str, *values: object) -> None:
        """Say what needs no answer: one after the other arrives, or none where the other side is gone."""
        self._send(NOTE, 0, name, values)

    async def ready(self) -> None:
        """Wait while much waits to be sent."""
        await self._channel.ready()

    def close(self) -> None:
        """End it, for both sides; what waits to be sent is lost."""
        self._channel.close()

    def _ended(self) -> None:
        self.closed.set()
        for task in list(self._tasks.values()):
            task.cancel()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unavailable(GONE))
        self._answers.clear()

    def _send(
        self, kind: str, number: int, name: str = "", value: object = None, sockets: tuple[socket.socket, ...] = ()
    ) -> None:
        self._channel.send(self._wire.dump((kind, number, name, value, len(sockets))), sockets)

    def _take(self, frame: bytes, descriptors: Descriptors) -> None:
        kind, number, name, value, handed = self._wire.load(frame)
        sockets = tuple(socket.socket(fileno=descriptors.popleft()) for _ in range(handed))
        if kind == NOTE:
            self._notes[name](*value)
        elif kind == CALL:
            self._begin(number, name, value)
        elif kind == CANCEL:
            if number in self._tasks:
                self._tasks[number].cancel()
        else:
            self._settle(number, kind, value, sockets)

    def _settle(self, number: int, kind: str, value: Any, sockets: tuple[socket.socket, ...]) -> None:
        answer = self._answers.pop(number, None)
        if answer is None or answer.done():
            close_all(sockets)
        elif kind == FAILURE:
            answer.set_exception(value)
        else:
            answer.set_result(Sockets(value, sockets) if sockets else value)

    def _begin(self, number: int, name: str, values: tuple[object, ...]) -> None:
        if len(self._tasks) >= MOST_CALLS:
            self._send(FAILURE, number, value=Unavailable("Firefly is too busy just now."))
            return
        task = self._tasks[number] = self._loop.create_task(self._serve(number, name, values))
        task.add_done_callback(partial(self._served, number))

    async def _serve(self, number: int, name: str, values: tuple[object, ...]) -> None:
        try:
            value = await self._calls[name](*values)
            found, sockets = value if isinstance(value, Sockets) else (value, ())
            self._send(ANSWER, number, value=found, sockets=sockets)
        # Whatever it is: it is for whoever called.
        except Exception as error:
            if not isinstance(error, FireflyError | OSError):
                log.error("link.call_failed", call=name, exc_info=error)
            self._send(FAILURE, number, value=error)

    def _served(self, number: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(number, None)
        if task.cancelled():
            self._send(FAILURE, number, value=Unavailable("It was cancelled."))
