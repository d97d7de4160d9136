"""Who may look, on the whole server: a guest's way in by the front door, and that it ends while a tunnel is open."""

import asyncio
import secrets
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("live")]

VISIT = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "cross-site",
    "Accept": "text/html",
}
LIVE = "/__firefly/live"


async def made(client: aiohttp.ClientSession, path: str, **body: Any) -> Any:
    async with client.post(path, json=body) as response:
        assert response.status == 201, await response.text()
        return await response.json()


async def status(browser: aiohttp.ClientSession, url: str, **fields: str) -> int:
    async with browser.get(url, headers=fields, allow_redirects=False) as response:
        return response.status


async def by_link(browser: aiohttp.ClientSession, url: str) -> str:
    """The Cookie field of whoever opened the link."""
    async with browser.get(url, headers=VISIT, allow_redirects=False) as response:
        assert response.status == 303, await response.text()
        name, morsel = next(iter(SimpleCookie(response.headers["Set-Cookie"].partition(";")[0]).items()))
    return f"{name}={morsel.value}"


async def test_a_guest_comes_in_by_a_link_and_is_put_out(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, f"guests-{secrets.token_hex(3)}", "static")
    preview = project["urls"]["preview"]
    access = f"/api/v1/projects/{project['owner']}/{project['name']}/access"
    link = await made(client, f"{access}/links", label="For a guest")
    assert urlsplit(link["url"]).netloc == urlsplit(preview).netloc
    async with live_server.client(token="") as browser:
        assert await status(browser, preview) == 401
        cookie = await by_link(browser, link["url"])
        assert await status(browser, preview, Cookie=cookie) == 200
        fields = {"Cookie": cookie, "Origin": preview}
        async with browser.ws_connect(f"{preview}{LIVE}", headers=fields) as socket:
            async with client.get(access) as response:
                (grant,) = (await response.json())["grants"]
            assert (grant["kind"], grant["who"]) == ("link", "For a guest")
            async with client.delete(f"{access}/grants/{grant['id']}") as response:
                assert response.status == 204
            async with asyncio.timeout(30):
                while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}
        assert await status(browser, preview, Cookie=cookie) == 401


async def test_what_is_public_for_a_while_is_closed_again(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, f"while-{secrets.token_hex(3)}", "static")
    preview = project["urls"]["preview"]
    access = f"/api/v1/projects/{project['owner']}/{project['name']}/access"
    async with live_server.client(token="") as browser:
        for body, expected in (
            ({"public": True}, 200),
            ({"public": False}, 401),
            ({"addresses": ["127.0.0.0/8"]}, 200),
            ({"addresses": []}, 401),
            ({"public_paths": ["/"]}, 200),
            ({"public_paths": []}, 401),
        ):
            async with client.patch(access, json=body) as response:
                assert response.status == 200
            assert await status(browser, preview) == expected
