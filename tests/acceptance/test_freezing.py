"""A frozen sandbox: everything that reaches for it wakes it, and it goes on from where it was."""

from typing import Any

import aiohttp
import pytest

from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(300)

COUNTER = """
import http from "node:http";
let count = 0;
http.createServer((request, response) => response.end(`visit ${++count}`)).listen(process.env.PORT);
"""


async def sandbox(client: aiohttp.ClientSession, project: dict[str, Any], action: str = "") -> dict[str, Any]:
    url = f"/api/v1/projects/{project['owner']}/{project['name']}/sandbox"
    async with client.post(f"{url}/{action}") if action else client.get(url) as response:
        found: dict[str, Any] = await response.json()
        assert response.status == 200, found
    return found


async def test_it_is_woken_by_whoever_needs_it_with_its_memory(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, "frozen-counter", "express")
    files = f"/api/v1/projects/{project['owner']}/{project['name']}/files"
    async with client.put(f"{files}/server.js", data=COUNTER) as response:
        assert response.status in (200, 201, 204)
    preview, token = project["urls"]["preview"], live_server.token
    first = await wait_for_text(client, preview, token, "visit", within=240)
    frozen = await sandbox(client, project, "freeze")
    assert (frozen["state"], frozen["freezes_at"]) == ("frozen", None)
    assert "Frozen by" in frozen["reason"]
    used = frozen["usage"]["cpu_seconds"]
    assert (await sandbox(client, project))["usage"]["cpu_seconds"] == used
    again = await ask(client, preview, token)
    assert (again.status, again.text) == (200, f"visit {int(first.text.split()[1]) + 1}")
    awake = await sandbox(client, project)
    assert (awake["state"], awake["reason"]) == ("running", "Woken.")
    assert awake["freezes_at"] < awake["stops_at"]
    await sandbox(client, project, "freeze")
    async with client.post(f"{files.removesuffix('/files')}/exec", json={"command": "echo awake"}) as response:
        assert (await response.json())["stdout"] == "awake\n"


async def test_a_tunnel_stays_open_and_wakes_it(live_server: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await create_project(client, "frozen-bridge", "static")
    bridge = f"/api/v1/projects/{project['owner']}/{project['name']}/bridge"
    async with client.ws_connect(bridge, protocols=("firefly.bridge.v1",)) as tunnel:
        await sandbox(client, project, "freeze")
        call = {"jsonrpc": "2.0", "id": 1, "method": "files.list", "params": {"path": ""}}
        await tunnel.send_json({**call, "padding": "x" * 100})

        async def answered() -> bool:
            return bool((await tunnel.receive_json(timeout=20)).get("id") == 1)

        assert await eventually(answered)
    assert (await sandbox(client, project))["state"] == "running"
