"""How fast somebody has to send or to read: for who is slower nobody waits any longer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager


class Pace:
    """For `patience` seconds he is waited for; each `slowest` bytes that move give back one of those that passed."""

    def __init__(self, patience: float, slowest: float) -> None:
        self._patience = self._left = patience
        self._slowest = slowest

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Around what waits for him. Raises TimeoutError."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self._left):
                yield
        finally:
            self._left -= clock() - begun

    def moved(self, size: int) -> None:
        self._left = min(self._patience, self._left + size / self._slowest)

    async def kept(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """All that he sends. Raises TimeoutError."""
        while True:
            async with self.waiting():
                piece = await anext(pieces, None)
            if piece is None:
                return
            self.moved(len(piece))
            yield piece
