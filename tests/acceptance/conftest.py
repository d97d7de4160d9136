"""One real server for all acceptance and browser tests of a worker, and clients of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import LiveServer


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder: Path = tmp_path_factory.mktemp("server")
    with LiveServer(folder) as server:
        yield server


@pytest.fixture
async def client(live_server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with live_server.client() as session:
        yield session
