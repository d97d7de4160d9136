"""Whose turn it is to start a sandbox: so many at one time, and owners take turns, whoever asks for most."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from firefly.errors import Unavailable

FULL = "Too many sandboxes wait to be started just now. Try again in a moment."
RETRY_AFTER = 5.0


@dataclass(eq=False, slots=True)
class Turn:
    """One that waits. `granted` ends it; it fails where another needs the place more."""

    owner: str
    granted: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Starts:
    """`most` start at one time; at most `waiting` more wait, of each owner in the order in which they came."""

    def __init__(self, most: int, *, waiting: int) -> None:
        self._free = most
        self._room = waiting
        self._present = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._queues: OrderedDict[str, deque[Turn]] = OrderedDict()
        """By owner, whose turn is next first. None is empty."""

    @asynccontextmanager
    async def turn(self, owner: str, *, waits: Callable[[Turn], Awaitable[None]] | None = None) -> AsyncIterator[None]:
        """Start in here. `waits` is told where others come before. Raises Unavailable where too many wait."""
        self._count(1)
        try:
            if self._free:
                self._free -= 1
            else:
                await self._wait(self._enter(owner), waits)
            try:
                yield
            finally:
                self._pass_on()
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._present += change
        if self._present <= 1:
            self._calm.set()
        else:
            self._calm.clear()

    async def calm(self) -> None:
        """Return when no more than one starts, or waits to: whoever has time does not make a crowd larger."""
        await self._calm.wait()

    async def _wait(self, turn: Turn, waits: Callable[[Turn], Awaitable[None]] | None) -> None:
        try:
            if waits is not None:
                await waits(turn)
            await turn.granted
        except BaseException:
            self._leave(turn)
            raise

    def before(self, turn: Turn) -> int:
        """How many start before this one, if nobody else comes."""
        queue = self._queues.get(turn.owner)
        if queue is None or turn not in queue:
            return 0
        own, count, later = queue.index(turn), 0, False
        for owner, others in self._queues.items():
            if owner == turn.owner:
                later = True
            else:
                count += min(len(others), own + (not later))
        return own + count

    def _enter(self, owner: str) -> Turn:
        if sum(map(len, self._queues.values())) >= self._room:
            self._make_room(owner)
        turn = Turn(owner)
        self._queues.setdefault(owner, deque()).append(turn)
        return turn

    def _make_room(self, owner: str) -> None:
        """Whoever has most waiting gives the last of them up for somebody who has fewer. Raises Unavailable."""
        most = max(self._queues, key=lambda name: len(self._queues[name]), default=owner)
        if len(self._queues.get(most, ())) <= len(self._queues.get(owner, ())) + 1:
            raise Unavailable(FULL, retry_after=RETRY_AFTER)
        last = self._queues[most][-1]
        self._remove(last)
        if not last.granted.done():
            last.granted.set_exception(Unavailable(FULL, retry_after=RETRY_AFTER))

    def _remove(self, turn: Turn) -> bool:
        queue = self._queues.get(turn.owner)
        if queue is None or turn not in queue:
            return False
        queue.remove(turn)
        if not queue:
            del self._queues[turn.owner]
        return True

    def _leave(self, turn: Turn) -> None:
        granted = turn.granted
        if not self._remove(turn) and granted.done() and not granted.cancelled() and granted.exception() is None:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._queues:
            owner, queue = next(iter(self._queues.items()))
            turn = queue[0]
            self._remove(turn)
            if owner in self._queues:
                self._queues.move_to_end(owner)
            if not turn.granted.done():
                turn.granted.set_result(None)
                return
        self._free += 1
