"""Waiting for the database: what has been long in the making does not fail because that is away for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from firefly.errors import DatabaseUnavailable

T = TypeVar("T")
log = structlog.get_logger()

# Seconds: between tries, and until it is given up.
FIRST_PAUSE, LONGEST_PAUSE, LIMIT = 0.1, 5.0, 600.0


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, which is tried again while the database is away, for ten minutes. Raises what it raises."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + LIMIT, FIRST_PAUSE
    while True:
        try:
            return await work()
        except DatabaseUnavailable as error:
            if loop.time() + pause > until:
                raise
            log.warning("build.waits_for_the_database", reason=error.detail)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
