"""Whose turn it is: bounded, and fair between owners however much one of them asks for."""

import asyncio
from functools import partial

import pytest

from firefly.errors import Unavailable
from firefly.sandbox.starting import Starts, Turn
from tests.support.waiting import eventually


class Crowd:
    """Starters that note when it is their turn, and go on when the test says so."""

    def __init__(self, most: int, *, waiting: int = 100) -> None:
        self.starts = Starts(most, waiting=waiting)
        self.served: list[str] = []
        self.turns: dict[str, Turn] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}

    async def come(self, *names: str) -> None:
        """The owner is the first letter."""
        for name in names:
            self._done[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._start(name))
            await eventually(partial(self._has_come, name))

    def _has_come(self, name: str) -> bool:
        return name in self.served or name in self.turns or self.tasks[name].done()

    async def _start(self, name: str) -> None:
        async def waits(turn: Turn) -> None:
            self.turns[name] = turn

        async with self.starts.turn(name[0], waits=waits):
            self.served.append(name)
            await self._done[name].wait()

    async def go(self, name: str) -> None:
        self._done[name].set()
        await asyncio.wait([self.tasks[name]])
        await asyncio.sleep(0)

    async def serve_all(self) -> list[str]:
        for done in self._done.values():
            done.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        return self.served


async def test_owners_take_turns_and_everybody_knows_his_place() -> None:
    crowd = Crowd(1)
    await crowd.come("a1", "a2", "a3", "a4", "b1", "c1", "b2")
    places = {name: crowd.starts.before(turn) for name, turn in crowd.turns.items()}
    assert places == {"a2": 0, "b1": 1, "c1": 2, "a3": 3, "b2": 4, "a4": 5}
    assert await crowd.serve_all() == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_no_more_than_the_most_start_at_once_and_a_place_that_is_given_up_is_passed_on() -> None:
    crowd = Crowd(2)
    await crowd.come("a1", "a2", "b1", "c1")
    assert crowd.served == ["a1", "a2"]
    crowd.tasks["b1"].cancel()
    await crowd.go("a1")
    assert crowd.served == ["a1", "a2", "c1"]
    await crowd.come("d1")
    # Its turn has come when it goes away, before it could begin.
    await crowd.go("a2")
    crowd.tasks["d1"].cancel()
    await asyncio.wait([crowd.tasks["d1"]])
    await crowd.come("e1", "f1")
    assert crowd.served[-1] == "e1"
    assert "f1" in crowd.turns
    await crowd.serve_all()
    await crowd.come("g1", "g2")
    assert {"g1", "g2"} <= set(crowd.served)
    await crowd.serve_all()


async def test_the_queue_is_bounded_and_whoever_has_most_waiting_makes_room() -> None:
    crowd = Crowd(1, waiting=3)
    await crowd.come("a1", "a2", "a3", "a4")
    await crowd.come("b1")
    with pytest.raises(Unavailable, match="Too many sandboxes wait"):
        await crowd.tasks["a4"]
    for refused in ("a5", "c1"):
        await crowd.come(refused)
    with pytest.raises(Unavailable):
        await crowd.tasks["a5"]
    with pytest.raises(Unavailable):
        await crowd.tasks["a3"]
    assert await crowd.serve_all() == ["a1", "a2", "b1", "c1"]


async def test_a_start_that_fails_gives_its_place_on() -> None:
    starts = Starts(1, waiting=1)
    with pytest.raises(ValueError, match="no"):
        async with starts.turn("a"):
            raise ValueError("no")
    async with asyncio.timeout(30), starts.turn("a"):
        pass


async def test_it_is_calm_while_no_more_than_one_is_there() -> None:
    crowd = Crowd(1)
    await crowd.come("a1")
    await crowd.starts.calm()
    await crowd.come("b1")
    waiting = asyncio.create_task(crowd.starts.calm())
    await asyncio.sleep(0)
    assert not waiting.done()
    await crowd.go("a1")
    await waiting
    await crowd.serve_all()
