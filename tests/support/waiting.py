"""Waiting for a thing that will be so, with a limit, instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.01


async def eventually(condition: Callable[[], T | Awaitable[T]], *, within: float = 5) -> T:
    """Call `condition`, a plain or a coroutine function, until it gives something true, and return that.

    AssertionErrors count as "not yet"; the last one is raised when the time is up.
    """
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            result = condition()
            value: T = await result if inspect.isawaitable(result) else result
            if value:
                return value
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not so within {within} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(INTERVAL)
