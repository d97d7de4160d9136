"""Attacks on a real server, each by somebody who has an account or less."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("attacks")]

PASSWORD = "correct horse battery"
LIMIT = 10


@dataclass(frozen=True)
class Person:
    name: str
    cookies: str
    token: str


async def make_person(server: LiveServer, *scopes: str) -> Person:
    """An ordinary account, signed in, with a token of these scopes."""
    name = f"p{secrets.token_hex(4)}"
    async with server.client() as admin, admin.post("/api/v1/users", json={"name": name, "password": PASSWORD}) as made:
        assert made.status == 201, await made.text()
    async with server.client(token="") as client:
        body = {"name": name, "password": PASSWORD}
        async with client.post("/auth/sign-in", json=body, headers={"Origin": server.url}) as answer:
            assert answer.status == 204, await answer.text()
            cookies = "; ".join(field.partition(";")[0] for field in answer.headers.getall("Set-Cookie"))
        fields = {"Cookie": cookies, "Origin": server.url}
        wanted = {"name": "test", "scopes": list(scopes or ("write",))}
        async with client.post("/api/v1/tokens", json=wanted, headers=fields) as answer:
            return Person(name, cookies, (await answer.json())["token"])


async def add_member(owner: aiohttp.ClientSession, project: dict[str, Any], person: Person, role: str) -> None:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/members/{person.name}"
    async with owner.put(path, json={"role": role}) as answer:
        assert answer.status == 200, await answer.text()


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
