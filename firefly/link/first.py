"""Waiting for whichever comes first."""

import asyncio
from collections.abc import Coroutine


async def first(*waits: Coroutine[object, object, object]) -> None:
    """Until one of them is done; the others are cancelled. Raises what that one raises."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
