"""Faults over every backend, and a keeper that has to live with them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import State
from firefly.testing.faults import Away, Crashing, Dying, NeverReady, Slow
from tests.sandbox import backends
from tests.sandbox.backends import Backend, Ground
from tests.sandbox.keeping import House, is_in
from tests.support.waiting import eventually


@pytest.fixture(params=backends.params())
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    backend: Backend = request.param
    async with backend.opening(request) as opened:
        yield opened


async def test_the_keeper_lives_with_a_backend_that_is_slow_away_and_whose_runs_die(
    house: House, ground: Ground
) -> None:
    slow = Slow(ground.backend)
    away = Away(slow)
    dying = Dying(away)
    keeper = house.keeper(dying)
    await keeper.open()
    workspace, other = await keeper.create_workspace(), await keeper.create_workspace()
    requests = [asyncio.create_task(keeper.ensure(workspace)) for _ in range(5)]
    await eventually(lambda: slow.waiting == 1)
    assert await is_in(keeper, workspace, State.STARTING)
    slow.gate.set()
    (instance,) = set(await asyncio.gather(*requests))
    assert len(dying.started) == 1

    away.away = True
    with pytest.raises(Unavailable):
        await keeper.connect(workspace, 3000)
    with pytest.raises(Unavailable):
        await keeper.ensure(other)
    with pytest.raises(Unavailable):
        await keeper.stop(workspace, "Nobody needs it.")
    assert (await keeper.status(workspace)).usage is None
    away.away = False
    assert await keeper.ensure(workspace) == instance
    house.clock.advance(60)
    assert await keeper.ensure(other)

    await dying.die(instance.id, code=7, output="boom")
    await eventually(lambda: is_in(keeper, workspace, State.FAILED))
    assert (await keeper.status(workspace)).reason == "The bridge ended with code 7."
    assert await keeper.logs(workspace) == "boom"
    house.clock.advance(60)
    assert (await keeper.ensure(workspace)).id != instance.id
    await keeper.close(stop_all=True)
    assert list(await ground.backend.list()) == []


async def test_the_keeper_says_why_nothing_starts_and_leaves_nothing(house: House, ground: Ground) -> None:
    keeper = house.keeper(NeverReady(Crashing(ground.backend, crashes=1)))
    await keeper.open()
    workspace = await keeper.create_workspace()
    for complaint, output in (("ended with code 1", "Traceback"), ("did not answer", "importing")):
        with pytest.raises(SandboxFailed, match=complaint) as failure:
            await keeper.ensure(workspace)
        assert output in failure.value.output
        assert await is_in(keeper, workspace, State.FAILED)
        assert list(await ground.backend.list()) == []
        house.clock.advance(60)
    await keeper.close()
