"""Previews as programs see them: live applications, WebSockets, the same port twice, edits that arrive."""

import secrets

import aiohttp
import pytest

from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("live")]


def fresh_name(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(3)}"


async def test_a_new_project_shows_its_page_and_an_edit_of_it(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, fresh_name("page"), "static")
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "<html")
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/files/index.html"
    async with client.put(path, data=b"<!doctype html><title>Edited</title><p>edited by a test") as response:
        assert response.status in {200, 201, 204}, await response.text()
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "edited by a test", within=10)


@pytest.mark.network
async def test_vite_serves_an_edited_module(live_server: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await create_project(client, fresh_name("vite"), "vite-react")
    preview = project["urls"]["preview"]
    await wait_for_text(client, preview, live_server.token, "/@vite/client", within=240)
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/files/src/App.jsx"
    async with client.get(path) as response:
        source, version = await response.text(), response.headers["ETag"]
    edited = source.replace("</h1>", " edited</h1>", 1)
    assert edited != source
    async with client.put(path, data=edited.encode(), headers={"If-Match": version}) as response:
        assert response.status < 300, await response.text()
    await wait_for_text(client, f"{preview}/src/App.jsx", live_server.token, " edited", within=20)
    async with client.put(path, data=b"stale", headers={"If-Match": version}) as response:
        assert response.status == 412


@pytest.mark.network
async def test_fastapi_echoes_over_a_websocket_while_another_project_has_the_same_port(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    page = await create_project(client, fresh_name("beside"), "static")
    project = await create_project(client, fresh_name("chat"), "fastapi")
    preview = project["urls"]["preview"]
    await wait_for_text(client, preview, live_server.token, "<", within=240)
    fields = {"X-Firefly-Preview-Token": live_server.token, "Authorization": ""}
    async with client.ws_connect(f"{preview}/ws", headers=fields) as socket:
        await socket.send_str("hello")
        assert "hello" in (await socket.receive_str(timeout=30))
    other = await ask(client, page["urls"]["preview"], live_server.token)
    assert other.status == 200
    for made in (page, project):
        by_port = made["urls"]["preview"].replace("://", "://3000--", 1)
        assert (await ask(client, by_port, live_server.token)).status == 200


async def test_strangers_see_one_page_whatever_the_reason(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, fresh_name("private"), "static")
    hidden = await ask(client, project["urls"]["preview"], "")
    absent = await ask(client, live_server.content_url("nothing--here"), "")
    assert hidden.status == absent.status
    assert hidden.text == absent.text
    assert {name for name in hidden.headers if name != "X-Request-Id"} == set(absent.headers) - {"X-Request-Id"}


async def test_a_public_project_is_open_to_everyone(live_server: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await create_project(client, fresh_name("open"), "static", visibility="public")
    async with live_server.client(token="") as stranger, stranger.get(project["urls"]["preview"]) as response:
        assert response.status == 200
