"""Pace: who is slower than he has to be is not waited for, however much he moved before."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from firefly.pace import Pace


async def sent(*pauses: float) -> AsyncIterator[bytes]:
    for pause in pauses:
        await asyncio.sleep(pause)
        yield bytes(1000)


async def test_who_keeps_the_pace_is_waited_for_to_the_end() -> None:
    assert [len(piece) async for piece in Pace(5, 2000).kept(sent(*[0.01] * 30))] == [1000] * 30


async def test_what_came_fast_buys_no_time_for_what_comes_slowly() -> None:
    pieces = Pace(0.5, 1).kept(sent(*[0] * 100, 30))
    for _ in range(100):
        await anext(pieces)
    with pytest.raises(TimeoutError):
        await anext(pieces)


async def test_pauses_add_up() -> None:
    with pytest.raises(TimeoutError):
        assert [piece async for piece in Pace(0.1, 1e9).kept(sent(*[0.03] * 100))]
