"""Work that is costly and may come in crowds: begun a few at a time, so that what is quick has its turn in between."""

import asyncio
from collections import deque
from collections.abc import Callable

# Begun in one turn of the loop, which then reads and writes whatever is ready.
AT_ONCE = 8


class Turns:
    def __init__(self) -> None:
        self._waiting = deque[Callable[[], None]]()
        self._left = AT_ONCE
        self._loop: asyncio.AbstractEventLoop

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def take(self, work: Callable[[], None]) -> None:
        """Do `work` at once, or in one of the next turns of the loop; in the order in which it came."""
        if not self._left:
            self._waiting.append(work)
            return
        if self._left == AT_ONCE:
            self._loop.call_soon(self._turn)
        self._left -= 1
        work()

    def _turn(self) -> None:
        waiting = self._waiting
        if not waiting:
            self._left = AT_ONCE
            return
        # None is left for what comes meanwhile: it waits behind those that came before.
        self._left = 0
        self._loop.call_soon(self._turn)
        for _ in range(min(AT_ONCE, len(waiting))):
            waiting.popleft()()
