"""Artifacts of real commits, made in real sandboxes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.builds.model import BuildState
from firefly.sandbox.detection import Machine
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from firefly.testing.clock import ManualClock
from tests.builds.workshop import Workshop, workshop
from tests.builds.yard import Yard
from tests.sandbox.conftest import machine
from tests.sandbox.keeping import House

__all__ = ["machine"]


@pytest.fixture
async def shop(
    yard: Yard, clock: ManualClock, settings: Settings, machine: Machine, tmp_path: Path
) -> AsyncIterator[Workshop]:
    backend = ProcessBackend(settings, machine=machine)
    house = House(yard.database, yard.bus, settings, clock, tmp_path)
    async with house.open(backend, stop_all=True) as keeper, workshop(yard, keeper, tmp_path) as made:
        yield made


SERVER = {
    "firefly.yml": "install: [mkdir deps, 'echo dep > deps/one']\nbuild: ['cat deps/one src.txt > out.txt']\n"
    "test: [grep -q dep out.txt]\nrun: [cat out.txt]\n",
    "src.txt": "source\n",
    "run.sh": "#!/bin/sh\n",
}


async def test_a_tree_is_installed_built_tested_and_packed(shop: Workshop) -> None:
    shop.secrets = {"API_KEY": "do-not-tell"}
    commit = shop.commit(SERVER)
    outcome, log = await shop.run(commit)
    assert outcome.state is BuildState.SUCCEEDED, (outcome, log.steps)
    assert outcome.artifact is not None
    assert [step.name for step in log.steps] == [
        "fetch",
        "analyse",
        "prepare",
        "install",
        "install",
        "build",
        "test",
        "pack",
    ]
    content = await shop.content(outcome.artifact)
    assert content["out.txt"] == b"dep\nsource\n"
    assert log.masked == ["do-not-tell"]
    again, log = await shop.run(commit)
    assert (again.artifact, again.reused_from is not None) == (outcome.artifact, True)
    anew, log = await shop.run(commit, forced=True)
    assert anew.artifact == outcome.artifact
    assert anew.reused_from is None
