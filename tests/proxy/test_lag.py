"""How late the loop is."""

import asyncio
import time

import pytest

from firefly.proxy.lag import EVERY, Lag
from tests.support.waiting import eventually


async def test_a_loop_that_was_held_up_is_told() -> None:
    lag = Lag()
    lag.open(asyncio.get_running_loop())
    try:
        await eventually(lambda: sum(lag.spans) > 1)
        time.sleep(3 * EVERY)  # noqa: ASYNC251
        assert await eventually(lambda: lag.longest > EVERY)
        assert lag.seconds >= lag.take_longest() > EVERY
        assert lag.longest < EVERY
    finally:
        lag.close()
    looked = sum(lag.spans)
    await asyncio.sleep(2 * EVERY)
    assert sum(lag.spans) == looked


async def test_where_the_kernel_has_no_such_timer_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.proxy.lag._libc.timerfd_create", lambda *_: -1)
    with pytest.raises(OSError, match="timerfd_create"):
        Lag().open(asyncio.get_running_loop())
