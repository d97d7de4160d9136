"""The house with templates prepared once for the whole run."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.git import Git
from firefly.projects import Catalogue, Preparation
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .house import House

_PREPARED: dict[str, Path] = {}


@pytest.fixture
async def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with every template prepared; copied, never changed."""
    if "data" not in _PREPARED:
        data = tmp_path_factory.mktemp("prepared")
        (data / "git").mkdir()
        await Preparation(data=data, git=Git(data / "git"), catalogue=Catalogue()).open()
        _PREPARED["data"] = data
    return _PREPARED["data"]


@pytest.fixture
async def house(settings: Settings, database: Database, clock: ManualClock, prepared: Path) -> AsyncIterator[House]:
    for folder in ("prepared", "repositories"):
        shutil.copytree(prepared / folder, settings.data_dir / folder)
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
