"""Many builds over replicas that are killed at random: each is built, and counted as built, exactly once."""

import pytest

from firefly.auth import Identity

from .replicas import AT_ONCE, Tally, build_all, make_tables
from .yard import Yard


async def _tally(yard: Yard, ada: Identity, *, builds: int, kills: int, within: float) -> Tally:
    await make_tables(yard.database)
    projects = [await yard.project(ada, f"p{number}") for number in range(4)]
    for number in range(builds):
        await yard.ask(projects[number % 4], f"{number:040x}", ref=f"refs/heads/b{number}")
    return await build_all(yard.database, builds, kills=kills, within=within)


async def test_each_build_is_built_once_though_builders_are_killed(yard: Yard, ada: Identity) -> None:
    tally = await _tally(yard, ada, builds=40, kills=1, within=40)
    assert (tally.once, tally.killed) == (40, 1)
    # Whatever was begun more often than once was begun by the one that was killed: at most so many at one time.
    assert 0 <= tally.again <= AT_ONCE


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_thousand_builds_are_each_built_once(yard: Yard, ada: Identity) -> None:
    tally = await _tally(yard, ada, builds=1000, kills=25, within=300)
    assert (tally.once, tally.killed) == (1000, 25)
    assert 0 <= tally.again <= 25 * AT_ONCE
