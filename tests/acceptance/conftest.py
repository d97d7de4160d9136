"""A client of the server that all acceptance tests share."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.server import LiveServer


@pytest.fixture
async def client(live_server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with live_server.client() as session:
        yield session
