"""The servers that acceptance tests share, and a client of the one that builds nothing."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

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
