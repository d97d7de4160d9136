"""Turns at what there is little of, taken by one party after another, however many each of them asks for."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Crowded(Exception):
    """It has no turn: too many of that party wait already, or none came in time."""


class Rota:
    """`at_once` turns in all, and `each` of one party; at most `waiting` of a party wait, for `within` seconds."""

    def __init__(self, at_once: int, *, each: int, waiting: int, within: float) -> None:
        self._free = at_once
        self._each = each
        self._most = waiting
        self._within = within
        self._taken: Counter[Hashable] = Counter()
        # Whose turn is next comes first, and goes behind all others then.
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, party: Hashable) -> AsyncIterator[None]:
        """Raises Crowded."""
        await self._take(party)
        try:
            yield
        finally:
            self._give_back(party)

    async def _take(self, party: Hashable) -> None:
        queue = self._waiting.setdefault(party, deque())
        if len(queue) >= self._most:
            raise Crowded(f"{self._most} of these wait already.")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._pass_on()
        try:
            async with asyncio.timeout(self._within):
                await turn
        except BaseException as error:
            self._give_up(party, turn)
            if isinstance(error, TimeoutError):
                raise Crowded(f"No turn came within {self._within:g} s.") from error
            raise

    def _give_up(self, party: Hashable, turn: asyncio.Future[None]) -> None:
        """It may have been given in the very moment."""
        if turn.done() and not turn.cancelled():
            self._give_back(party)
        elif turn in (queue := self._waiting.get(party, deque())):
            queue.remove(turn)
            if not queue:
                del self._waiting[party]

    def _give_back(self, party: Hashable) -> None:
        self._free += 1
        self._taken[party] -= 1
        if not self._taken[party]:
            del self._taken[party]
        self._pass_on()

    def _pass_on(self) -> None:
        while self._free and (party := self._next()) is not None:
            queue = self._waiting.pop(party)
            turn = queue.popleft()
            if queue:
                self._waiting[party] = queue
            if not turn.done():
                turn.set_result(None)
                self._free -= 1
                self._taken[party] += 1

    def _next(self) -> Hashable | None:
        return next((party for party in self._waiting if self._taken[party] < self._each), None)
