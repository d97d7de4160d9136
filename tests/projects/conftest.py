"""The house with templates prepared once for the whole run."""

from collections.abc import AsyncIterator

import pytest

from firefly.auth import Identity
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support import groundwork

from .house import House


@pytest.fixture
async def house(settings: Settings, database: Database, clock: ManualClock) -> AsyncIterator[House]:
    groundwork.lay_templates(settings.data_dir)
    made = House(settings, database, clock)
    await made.jobs.open()
    yield made
    await made.jobs.close()


@pytest.fixture
async def ada(house: House) -> Identity:
    return await house.person("ada")


@pytest.fixture
async def bob(house: House) -> Identity:
    return await house.person("bob")
