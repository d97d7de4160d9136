"""Racing coroutines without losing one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def first_of(*coroutines: Coroutine[Any, Any, T]) -> T:
    """The result, or the exception, of the one that ends first; the others are cancelled and waited for."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """As asyncio.to_thread, but whoever is cancelled waits for the thread, which goes on: after this it has ended."""
    return await to_the_end(asyncio.to_thread(function, *arguments))


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is not cancelled: whoever is waits until it has ended."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


async def for_ever() -> None:
    """Waits until it is cancelled."""
    await asyncio.get_running_loop().create_future()
