"""Parts joined as the composition root joins them, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from firefly.adapters.parts import Credentials, Hosting
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock


@pytest.fixture
def memory_bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Taken down before the database is."""
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
async def credentials(
    database: Database,
    stack: AsyncExitStack,
    settings: Settings,
    memory_bus: MemoryBus,
    keyring: Keyring,
    clock: ManualClock,
) -> Credentials:
    return await Credentials.open(stack, settings, database, memory_bus, keyring, clock)


@pytest.fixture
async def hosting(database: Database, settings: Settings, memory_bus: MemoryBus) -> Hosting:
    return await Hosting.open(settings, database, memory_bus)


def tasks_named(*names: str) -> list[str]:
    """Names of the running tasks that begin with one of `names`."""
    return sorted(name for task in asyncio.all_tasks() if (name := task.get_name()).startswith(names))
