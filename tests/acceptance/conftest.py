"""The servers that acceptance tests share, a client of the one that builds nothing, and the twin of all providers."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from firefly.testing.providers import ProviderServer
from tests.support.server import BUILDING, LiveServer


@pytest.fixture(scope="session")
def building_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One whole Firefly that builds what is pushed to it, for the whole run of a worker."""
    with LiveServer(tmp_path_factory.mktemp("building"), settings=BUILDING) as server:
        yield server


@pytest.fixture
async def client(live_server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with live_server.client() as session:
        yield session


@pytest.fixture
async def twin() -> AsyncIterator[ProviderServer]:
    """Where repositories are imported from."""
    async with ProviderServer() as made:
        yield made
