"""Waiting for a thing that will be so, with a limit, instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

INTERVAL = 0.01
# Seconds; what is well comes far sooner, and a machine that has other things to do may take its time.
PATIENCE = 30.0


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, within: float = PATIENCE) -> T: ...
@overload
async def eventually(condition: Callable[[], T], *, within: float = PATIENCE) -> T: ...
async def eventually(condition: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """Call `condition`, a plain or a coroutine function, until it gives something true, and return that.

    AssertionErrors count as "not yet"; the last one is raised when the time is up.
    """
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            result = condition()
            value = await result if inspect.isawaitable(result) else result
            if value:
                return value
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not so within {within} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(INTERVAL)
