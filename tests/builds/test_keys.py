"""What is built anew and what is taken: by what goes into it, with a strategy in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from firefly.builds.model import BuildState
from firefly.errors import Unavailable
from firefly.testing.making import MemoryStrategy
from tests.builds.workshop import Workshop, workshop
from tests.builds.yard import Yard


@pytest.fixture
async def shop(yard: Yard, tmp_path: Path) -> AsyncIterator[Workshop]:
    """Without sandboxes."""
    async with workshop(yard, cast(Any, None), tmp_path) as made:
        yield made


async def test_another_base_or_configuration_is_another_build(shop: Workshop) -> None:
    strategy = MemoryStrategy(store=shop.artifacts, ground="one")
    shop.strategies = [strategy]
    commit = shop.commit({"firefly.yml": "run: [x]\n"})
    first, _ = await shop.run(commit)
    second, _ = await shop.run(commit, ref="refs/heads/other")
    assert (second.artifact, len(strategy.jobs)) == (first.artifact, 1)
    strategy.ground = "two"
    await shop.run(commit, ref="refs/heads/third")
    assert len(strategy.jobs) == 2
    # How it is run is no part of what is built, and what is built with is.
    await shop.run(shop.commit({"firefly.yml": "run: [x]\n", "other": "file"}))
    assert len(strategy.jobs) == 3
    environment = strategy.jobs[0].environment
    assert (environment["CI"], environment["FIREFLY_BRANCH"], environment["FIREFLY_COMMIT"]) == ("1", "main", commit)
    assert environment["FIREFLY_PROJECT"] == "ada/garden"


async def test_what_may_be_otherwise_next_time_is_raised_and_what_nobody_makes_is_told(shop: Workshop) -> None:
    commit = shop.commit({"firefly.yml": "run: [x]\n"})
    shop.strategies = [MemoryStrategy(store=shop.artifacts, error=Unavailable("All sandboxes are away."))]
    with pytest.raises(Unavailable):
        await shop.run(commit)
    shop.strategies = []
    outcome, _ = await shop.run(commit)
    assert outcome.state is BuildState.FAILED
    assert outcome.failure is not None
    assert "commands" in outcome.failure.cause
