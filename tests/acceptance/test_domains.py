"""A custom domain on the whole server: proven by a record at a DNS server, opened by a guest, taken away again."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.names import LocalNames, local_names
from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project

from .test_access import LIVE, VISIT, made, status

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("live")]

# Browsers and resolvers take names of localhost for this machine; with DNS servers of one's own they can be proven.
HOST = "www.shop.localhost"


@pytest.fixture
async def names() -> AsyncIterator[LocalNames]:
    async with local_names() as running:
        yield running


@pytest.fixture
async def server(names: LocalNames, tmp_path: Path) -> AsyncIterator[LiveServer]:
    made = LiveServer(tmp_path, settings={"FIREFLY_DNS_SERVERS": names.server})
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.__exit__, None, None, None)


@pytest.fixture
async def client(server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with server.client() as session:
        yield session


@pytest.fixture
async def browser(server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with server.client(token="") as session:
        yield session


async def let_in(browser: aiohttp.ClientSession, url: str) -> str:
    """The Cookie field of whoever opened the link there."""
    async with browser.get(url, headers=VISIT, allow_redirects=False) as response:
        assert response.status in (200, 303), await response.text()
        (grant,) = [text for text in response.headers.getall("Set-Cookie") if text.startswith("__Host-firefly-grant=")]
    return grant.partition(";")[0]


async def test_a_domain_is_proven_opened_and_taken_away(
    server: LiveServer, names: LocalNames, client: aiohttp.ClientSession, browser: aiohttp.ClientSession
) -> None:
    project = await create_project(client, f"shop-{secrets.token_hex(3)}", "static")
    path = f"/api/v1/projects/{project['owner']}/{project['name']}"
    url = f"http://{HOST}:{server.port}"
    domain = await made(client, f"{path}/domains", host=HOST)
    assert (domain["state"], domain["url"]) == ("pending", url)
    assert await status(browser, url) == 421

    names.texts[domain["proof"]["name"]] = [domain["proof"]["value"]]
    async with client.post(f"{path}/domains/{domain['id']}/check") as response:
        checked = await response.json()
    assert checked["state"] == "active", checked
    await wait_for_text(client, url, server.token, "<html")
    assert (await ask(client, project["urls"]["preview"], server.token)).status == 200

    assert await status(browser, url) == 401
    link = await made(client, f"{path}/access/links", label="For a guest")
    cookie = await let_in(browser, f"{url}/.firefly/link/{link['url'].rpartition('/')[2]}")
    assert await status(browser, url, Cookie=cookie) == 200
    assert await status(browser, url, Cookie=cookie, Origin=project["urls"]["preview"]) == 200
    assert await status(browser, url, Cookie=cookie, Origin="http://evil.localhost") == 401
    async with browser.ws_connect(f"{url}{LIVE}", headers={"Cookie": cookie, "Origin": url}) as socket:
        async with client.delete(f"{path}/domains/{domain['id']}") as response:
            assert response.status == 204
        async with asyncio.timeout(30):
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}
    assert await status(browser, url, Cookie=cookie) == 421
