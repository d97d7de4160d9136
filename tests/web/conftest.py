"""The web layer, served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from firefly.bus import Bus
from firefly.projects import Project
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .bridge import MemoryBridge
from .world import World, make_world


@pytest.fixture
async def bridge(settings: Settings) -> AsyncIterator[MemoryBridge]:
    made = MemoryBridge()
    runner = web.AppRunner(made.application())
    await runner.setup()
    await web.UnixSite(runner, str(settings.run_dir / "bridge.sock")).start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def world(
    settings: Settings, database: Database, keyring: Keyring, bus: Bus, clock: ManualClock, bridge: MemoryBridge
) -> AsyncIterator[World]:
    socket = settings.run_dir / "bridge.sock"
    async with asynccontextmanager(make_world)(settings, database, keyring, bus, clock, socket) as made:
        yield made


@pytest.fixture
async def project(world: World) -> Project:
    """`ada/site`, with a route."""
    return await world.shared(world.ada, "site")


@pytest.fixture
async def owner(world: World, project: Project) -> TestClient[Any, Any]:
    """A program with all that its owner may do."""
    return await world.program(world.ada)
