"""Whether a store answers: known by who asks it anyway, and looked after while it does not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from ..errors import FireflyError

# Seconds between looks.
PAUSE = 5.0
log = structlog.get_logger()


class Standing:
    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        self._look = look
        self._watch: asyncio.Task[None] | None = None
        self.available = True

    def answered(self) -> None:
        if not self.available:
            log.info("artifacts.back")
        self.available = True

    def lost(self, reason: str) -> None:
        if self.available:
            log.warning("artifacts.away", reason=reason)
        self.available = False
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_until_it_answers(), name="artifacts-away")

    async def _look_until_it_answers(self) -> None:
        """Whoever looks says itself whether there was an answer."""
        while not self.available:
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(FireflyError):
                await self._look()

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
