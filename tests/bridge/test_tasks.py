"""Threads and their callers: nothing goes on unseen."""

import asyncio
import threading

import pytest

from firefly.bridge.tasks import first_of, for_ever, in_thread


async def test_a_thread_gives_its_result_or_its_error() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_who_is_cancelled_waits_for_the_thread() -> None:
    entered, leave, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(30)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(entered.wait, 30)
    task.cancel()
    await asyncio.wait({task}, timeout=0.05)
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_of_several_the_first_counts_and_the_others_end() -> None:
    other = asyncio.Event()

    async def late() -> str:
        try:
            await for_ever()
        finally:
            other.set()
        return "late"

    async def soon() -> str:
        return "soon"

    assert await first_of(late(), soon()) == "soon"
    assert other.is_set()
