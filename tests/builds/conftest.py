"""The yard: projects, and the queue of builds."""

from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock

from .yard import Yard


@pytest.fixture
async def yard(database: Database, clock: ManualClock, tmp_path: Path) -> Yard:
    return Yard(database, MemoryBus(), clock, tmp_path)


@pytest.fixture
async def ada(yard: Yard) -> Identity:
    return await yard.person("ada")
