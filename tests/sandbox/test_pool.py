"""The pool alone: filling, taking, giving up, and makers that fail."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox import pool as module
from firefly.sandbox.backend import Instance
from firefly.sandbox.pool import Pool, PreparedWorkspace
from tests.support.waiting import eventually


class Maker:
    def __init__(self, *, failures: int = 0, failure: Exception | None = None) -> None:
        self.failures = failures
        self.failure = failure or SandboxFailed("no memory")
        self.made: list[PreparedWorkspace] = []
        self.discarded: list[PreparedWorkspace] = []

    async def make(self) -> PreparedWorkspace:
        if self.failures > 0:
            self.failures -= 1
            raise self.failure
        workspace_id = uuid4()
        self.made.append(PreparedWorkspace(workspace_id, Instance(uuid4().hex, workspace_id, datetime.now(UTC))))
        return self.made[-1]

    async def discard(self, prepared: PreparedWorkspace) -> None:
        self.discarded.append(prepared)


def make_pool(maker: Maker, size: int = 2) -> Pool:
    return Pool(size, make=maker.make, discard=maker.discard)


async def test_it_fills_up_and_gives_the_oldest_first() -> None:
    maker = Maker()
    pool = make_pool(maker)
    pool.open()
    await eventually(lambda: len(pool) == 2)
    assert pool.take() == maker.made[0]
    await eventually(lambda: len(pool) == 2)
    assert pool.take() == maker.made[1]
    assert len(maker.made) >= 3
    await pool.close()


async def test_an_empty_one_gives_none() -> None:
    assert make_pool(Maker()).take() is None


async def test_one_that_ended_is_forgotten_and_replaced() -> None:
    maker = Maker()
    pool = make_pool(maker)
    pool.open()
    await eventually(lambda: len(pool) == 2)
    gone = maker.made[0]
    assert pool.forget(gone.instance) == gone
    assert pool.forget(gone.instance) is None
    await eventually(lambda: len(pool) == 2)
    assert pool.take() == maker.made[1]
    await pool.close()


async def test_a_pause_discards_all_until_it_is_over() -> None:
    maker = Maker()
    pool = make_pool(maker)
    pool.open()
    await eventually(lambda: len(pool) == 2)
    await pool.pause()
    assert maker.discarded == maker.made
    assert pool.take() is None
    pool.resume()
    await eventually(lambda: len(pool) == 2)
    await pool.close()


@pytest.mark.parametrize("failure", [SandboxFailed("no memory"), OSError(28, "no space"), ValueError("a mistake")])
async def test_a_maker_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    maker = Maker(failures=3, failure=failure)
    pool = make_pool(maker, 1)
    pool.open()
    await eventually(lambda: len(pool) == 1)
    assert maker.failures == 0
    await pool.close()


async def test_adopted_ones_count() -> None:
    maker = Maker()
    pool = make_pool(maker, 1)
    pool.add(await maker.make())
    pool.open()
    assert pool.take() == maker.made[0]
    await eventually(lambda: len(pool) == 1)
    await pool.close()
