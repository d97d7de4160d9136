"""Attacks on a real server, each by somebody who has an account or less."""

import asyncio
import json
import secrets
from typing import Any

import aiohttp
import pytest

from tests.support.people import add_member, make_person
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("attacks")]

LIMIT = 30


async def open_bridge(client: aiohttp.ClientSession, project: dict[str, Any]) -> aiohttp.ClientWebSocketResponse:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/bridge"
    return await client.ws_connect(path, protocols=["firefly.bridge.v1"])


async def write_file(bridge: aiohttp.ClientWebSocketResponse, path: str) -> dict[str, Any]:
    params = {"path": path, "text": "by the attacker"}
    await bridge.send_json({"jsonrpc": "2.0", "id": 1, "method": "files.write", "params": params})
    async with asyncio.timeout(LIMIT):
        while True:
            message = await bridge.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, message
            body: dict[str, Any] = json.loads(message.data)
            if body.get("id") == 1:
                return body


async def is_cut_off(bridge: aiohttp.ClientWebSocketResponse) -> bool:
    try:
        async with asyncio.timeout(LIMIT):
            while (await bridge.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
    except TimeoutError:
        return False
    return True


async def test_a_token_that_may_only_read_writes_nothing_over_the_bridge(live_server: LiveServer) -> None:
    owner = await make_person(live_server)
    async with live_server.client(token=owner.token) as client:
        project = await create_project(client, "mine", "static")
        async with client.post("/api/v1/tokens", json={"name": "look", "scopes": ["read"]}) as answer:
            reading = (await answer.json())["token"]
        async with await open_bridge(client, project) as bridge:
            assert "result" in await write_file(bridge, "allowed.txt")
    async with live_server.client(token=reading) as client, await open_bridge(client, project) as bridge:
        assert "viewer" in (await write_file(bridge, "refused.txt"))["error"]["message"]


async def take_away(act: str, owner: aiohttp.ClientSession, guest: aiohttp.ClientSession, member: str) -> None:
    if act == "removed":
        answer = await owner.delete(member)
    elif act == "made viewer":
        answer = await owner.put(member, json={"role": "viewer"})
    elif act == "signed out everywhere":
        answer = await guest.delete("/api/v1/sessions")
    else:
        async with guest.get("/api/v1/tokens") as listed:
            (token,) = (await listed.json())["items"]
        answer = await guest.delete(f"/api/v1/tokens/{token['id']}")
    async with answer:
        assert answer.status in {200, 204}, await answer.text()


@pytest.mark.parametrize("act", ["removed", "made viewer", "signed out everywhere", "token revoked"])
async def test_who_loses_access_loses_what_is_open(live_server: LiveServer, act: str) -> None:
    owner, guest = await make_person(live_server), await make_person(live_server)
    async with live_server.client(token=owner.token) as client, live_server.client(token=guest.token) as theirs:
        project = await create_project(client, f"shared-{secrets.token_hex(3)}", "static")
        await add_member(client, project, guest, "editor")
        base = f"/api/v1/projects/{project['owner']}/{project['name']}"
        async with (
            await open_bridge(theirs, project) as bridge,
            await open_bridge(client, project) as mine,
            theirs.get(f"{base}/logs") as logs,
        ):
            assert "result" in await write_file(bridge, "before.txt")
            await take_away(act, client, theirs, f"{base}/members/{guest.name}")
            assert await is_cut_off(bridge)
            with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)):
                await asyncio.wait_for(logs.content.read(), LIMIT)
            assert "result" in await write_file(mine, "after.txt")


async def test_a_ticket_never_leaves_for_another_preview(live_server: LiveServer) -> None:
    """`a.preview:x@b.preview` is b's page with a user's name before it; the nonce would be the attacker's own."""
    owner, attacker = await make_person(live_server), await make_person(live_server)
    async with live_server.client(token=owner.token) as client:
        private = await create_project(client, "private", "static")
    async with live_server.client(token=attacker.token) as client:
        trap = await create_project(client, "trap", "static")
    hosts = [project["urls"]["preview"].removeprefix("http://") for project in (private, trap)]
    fields = {"Cookie": owner.cookies, "Sec-Fetch-Site": "none"}
    async with live_server.client(token="") as browser:
        for host, status in ((f"{hosts[0].partition(':')[0]}:x@{hosts[1]}", 404), (hosts[1], 303), (hosts[0], 303)):
            params = {"host": host, "nonce": "0" * 64, "to": "/"}
            async with browser.get("/auth/preview", params=params, headers=fields, allow_redirects=False) as answer:
                assert answer.status == status
                location = answer.headers.get("Location", "")
                assert ("ticket=" in location) is (host == hosts[0])
                assert location.startswith(f"http://{host}/.firefly/") is (status == 303)


async def test_visitors_of_a_public_project_see_files_and_nothing_hidden(live_server: LiveServer) -> None:
    owner, visitor = await make_person(live_server), await make_person(live_server)
    async with live_server.client(token=owner.token) as client:
        project = await create_project(client, "open", "static", visibility="public")
        base = f"/api/v1/projects/{project['owner']}/{project['name']}"
        async with client.put(f"{base}/files/.env", data=b"SECRET=1") as answer:
            assert answer.status == 201
    for token in (visitor.token, ""):
        async with live_server.client(token=token) as client:
            for path, status in (("index.html", 200), (".env", 403), (".git/config", 403)):
                async with client.get(f"{base}/files/{path}") as answer:
                    assert answer.status == status
            async with client.get(f"{base}/logs") as answer:
                assert answer.status in {401, 403}


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xhtml", "x.xml"])
async def test_a_projects_file_is_no_page_of_the_app(live_server: LiveServer, name: str) -> None:
    owner = await make_person(live_server)
    async with live_server.client(token=owner.token) as client:
        project = await create_project(client, f"page-{secrets.token_hex(3)}", "static")
        path = f"/api/v1/projects/{project['owner']}/{project['name']}/files/{name}"
        async with client.put(path, data=b"<script>alert(1)</script>") as answer:
            assert answer.status == 201
        async with client.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.content_type in {"text/plain", "application/octet-stream"}
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_slow_git_requests_of_one_caller_leave_room_for_others(live_server: LiveServer) -> None:
    owner, other = await make_person(live_server), await make_person(live_server)
    async with live_server.client(token=owner.token) as client:
        project = await create_project(client, "slow", "static")
        path = f"/git/{project['owner']}/{project['name']}.git"
        async with client.get(f"{path}/info/refs?service=git-upload-pack") as answer:
            tip = (await answer.read()).partition(b"\0")[0][-45:-5].decode()
    head = (
        f"POST {path}/git-upload-pack HTTP/1.1\r\nHost: localhost:{live_server.port}\r\n"
        f"Authorization: Bearer {owner.token}\r\nContent-Type: application/x-git-upload-pack-request\r\n"
        f"Content-Length: 100000\r\n\r\n0032want {tip}\n"
    )
    writers = []
    for _ in range(40):
        _, writer = await asyncio.open_connection("127.0.0.1", live_server.port)
        writer.write(head.encode())
        writers.append(writer)
    try:
        async with live_server.client(token=other.token) as client:
            mine = await create_project(client, "quick", "static")
            async with (
                asyncio.timeout(LIMIT),
                client.get(f"/git/{mine['owner']}/{mine['name']}.git/info/refs?service=git-upload-pack") as answer,
            ):
                assert b"refs/heads/main" in await answer.read()
    finally:
        for writer in writers:
            writer.transport.abort()
