"""Rate limits: exact under simultaneous attempts, refilled by time, kept over restarts."""

import asyncio

import pytest

from firefly.auth import Limit, RateLimiter
from firefly.errors import RateLimited
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .conftest import Auth

THREE = Limit(3, 60)


async def is_free(limiter: RateLimiter, key: str) -> bool:
    try:
        await limiter.hit(key, THREE)
    except RateLimited:
        return False
    return True


async def test_so_many_and_no_more(auth: Auth) -> None:
    assert [await is_free(auth.limiter, "door") for _ in range(5)] == [True, True, True, False, False]
    assert await is_free(auth.limiter, "other door")


async def test_attempts_come_back_with_time(auth: Auth, clock: ManualClock) -> None:
    for _ in range(3):
        await auth.limiter.hit("door", THREE)
    with pytest.raises(RateLimited) as caught:
        await auth.limiter.hit("door", THREE)
    assert caught.value.retry_after == pytest.approx(20, abs=0.2)
    clock.advance(19)
    assert not await is_free(auth.limiter, "door")
    clock.advance(2)
    assert await is_free(auth.limiter, "door")
    assert not await is_free(auth.limiter, "door")


async def test_refused_attempts_do_not_prolong_the_wait(auth: Auth, clock: ManualClock) -> None:
    for _ in range(50):
        await is_free(auth.limiter, "door")
    clock.advance(20.1)
    assert await is_free(auth.limiter, "door")


async def test_simultaneous_attempts_are_all_counted(auth: Auth) -> None:
    passed = await asyncio.gather(*(is_free(auth.limiter, "door") for _ in range(20)))
    assert sum(passed) == 3


async def test_all_or_none_is_counted(auth: Auth) -> None:
    for _ in range(3):
        await auth.limiter.hit("full", THREE)
    for _ in range(5):
        with pytest.raises(RateLimited):
            await auth.limiter.hit_all({"full": THREE, "a": THREE})
    assert await is_free(auth.limiter, "a")


async def test_a_restart_resets_nothing(auth: Auth, database: Database, clock: ManualClock) -> None:
    for _ in range(3):
        await auth.limiter.hit("door", THREE)
    assert not await is_free(RateLimiter(database, clock), "door")


async def test_reset_forgets(auth: Auth) -> None:
    for _ in range(3):
        await auth.limiter.hit("door", THREE)
    await auth.limiter.reset("door")
    assert await is_free(auth.limiter, "door")


async def test_empty_buckets_are_swept(auth: Auth, database: Database, clock: ManualClock) -> None:
    for number in range(20):
        await auth.limiter.hit(f"door {number}", THREE)
    clock.advance(10)
    await auth.limiter.hit("busy", THREE)
    clock.advance(11)
    await auth.upkeep.run()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM rate_limits") == 1


async def test_a_clock_that_is_set_back_locks_nobody_out(auth: Auth, clock: ManualClock) -> None:
    await auth.limiter.hit("door", THREE)
    clock.advance(-3600)
    assert [await is_free(auth.limiter, "door") for _ in range(3)] == [True, True, False]
    clock.advance(21)
    assert await is_free(auth.limiter, "door")
