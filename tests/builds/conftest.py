"""The yard: projects, and the queue of builds."""

from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.bus import Bus
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .yard import Yard


@pytest.fixture
async def yard(database: Database, bus: Bus, clock: ManualClock, tmp_path: Path) -> Yard:
    """On the bus of PostgreSQL, as replicas are."""
    return Yard(database, bus, clock, tmp_path)


@pytest.fixture
async def ada(yard: Yard) -> Identity:
    return await yard.person("ada")
