"""The web layer, served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from firefly.bus import Bus
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .world import MemoryBridge, World, make_world


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
