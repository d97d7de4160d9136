"""The stage: real sandboxes, in which what a workshop makes is shown; the booth, in which nothing runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.sandbox.detection import Machine
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from firefly.testing.clock import ManualClock
from tests.builds.sites.booth import Booth
from tests.builds.sites.stage import Stage
from tests.builds.workshop import workshop
from tests.builds.yard import Yard
from tests.sandbox.conftest import machine
from tests.sandbox.keeping import House

__all__ = ["machine"]


@pytest.fixture
async def stage(
    yard: Yard, clock: ManualClock, settings: Settings, machine: Machine, tmp_path: Path
) -> AsyncIterator[Stage]:
    backend = ProcessBackend(settings, machine=machine)
    house = House(yard.database, yard.bus, settings, clock, tmp_path)
    async with house.open(backend, stop_all=True) as keeper, workshop(yard, keeper, tmp_path) as shop:
        yield Stage(shop, keeper, settings)


@pytest.fixture
async def booth(yard: Yard, ada: Identity) -> Booth:
    return Booth(yard, await yard.project(ada))
