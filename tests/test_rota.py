"""Turns: parties take them one after another, and no party takes them all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from firefly.rota import Crowded, Rota


class Line:
    """Those who want a turn, and in which order they got it."""

    def __init__(self, rota: Rota) -> None:
        self.rota = rota
        self.order: list[str] = []
        self._ends: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            self._tasks.append(asyncio.create_task(self._hold(name)))
        await asyncio.sleep(0)

    async def _hold(self, name: str) -> None:
        async with self.rota.turn(name[0]):
            self.order.append(name)
            self._ends.append(asyncio.Event())
            await self._ends[-1].wait()

    async def end_next(self) -> None:
        """The one that has had its turn for longest gives it back, and whoever is next has it."""
        self._ends.pop(0).set()
        for _ in range(5):
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line(at_once: int, each: int, waiting: int = 10, within: float = 30) -> AsyncIterator[Line]:
    made = Line(Rota(at_once, each=each, waiting=waiting, within=within))
    try:
        yield made
    finally:
        await made.close()
    # All came back, however they ended.
    async with made.rota.turn("z"):
        pass
    assert (made.rota._free, made.rota._taken, made.rota._waiting) == (at_once, {}, {})


async def test_who_asks_for_much_keeps_nobody_waiting_for_all_of_it() -> None:
    async with line(2, 2) as made:
        await made.ask("a1", "a2", "a3", "a4", "a5", "b1", "b2", "c1")
        for _ in range(6):
            await made.end_next()
        assert made.order == ["a1", "a2", "a3", "b1", "c1", "a4", "b2", "a5"]


async def test_nobody_has_all_turns_at_one_time() -> None:
    async with line(3, 2) as made:
        await made.ask("a1", "a2", "a3")
        assert made.order == ["a1", "a2"]
        await made.ask("b1", "b2")
        assert made.order == ["a1", "a2", "b1"]
        await made.end_next()
        assert made.order == ["a1", "a2", "b1", "a3"]


async def test_who_has_too_many_waiting_and_who_waits_too_long_is_told() -> None:
    async with line(1, 1, waiting=1, within=0.05) as made:
        await made.ask("a1")
        late = asyncio.create_task(made.rota.turn("a").__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(Crowded, match="wait already"):
            await made.rota.turn("a").__aenter__()
        with pytest.raises(Crowded, match=r"within 0\.05 s"):
            await late


async def test_who_goes_away_takes_no_turn_along() -> None:
    async with line(1, 1) as made:
        await made.ask("a1")
        waiting, next_one = (asyncio.create_task(made.rota.turn("b").__aenter__()) for _ in range(2))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        # Gone in the very moment in which it would have been its turn.
        made._ends.pop(0).set()
        await asyncio.sleep(0)
        assert made.rota._taken["b"] == 1
        next_one.cancel()
        await asyncio.wait([next_one])
