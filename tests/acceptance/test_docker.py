"""A whole Firefly whose sandboxes are containers."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from firefly.protocol.frames import FrameKind, decode, encode
from tests.acceptance.test_freezing import sandbox
from tests.support.engine import Engine, needs_engine
from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.shown import Shown
from tests.support.waiting import eventually

pytestmark = needs_engine


async def test_projects_in_containers_from_their_first_page_to_the_next_server(
    tmp_path: Path, engine: Engine, project_image: str, shown: Shown
) -> None:
    """A static and a Python project: preview, command, terminal, git; frozen and woken; adopted after kill -9."""
    chosen = {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": project_image}
    with LiveServer(tmp_path, settings=chosen) as server:
        async with server.client() as client:
            page = await create_project(client, "page", "static")
            program = await create_project(client, "program", "python")
            await wait_for_text(client, page["urls"]["preview"], server.token, "<html")
            await wait_for_text(client, program["urls"]["preview"], server.token, "")
            base = f"/api/v1/projects/{program['owner']}/program"
            command = {"command": "echo $HOME; git log --format=%an -1 >/dev/null && git push -q && echo pushed"}
            async with client.post(f"{base}/exec", json=command) as response:
                done = await response.json()
            assert done["stdout"].split() == ["/home/firefly", "pushed"], done
            await use_a_terminal(client, f"{base}/bridge")
            await _freeze(client, page)
            assert "paused" in {one["State"] for one in await shown.containers()}
            assert (await ask(client, page["urls"]["preview"], server.token)).status == 200
            await _freeze(client, page)
        running = {one["Id"] for one in await shown.containers() if one["State"] != "created"}
        server.kill()
        server.start()
        async with server.client() as client:
            assert (await sandbox(client, program))["reason"] == "Found running when the server started."
            assert (await sandbox(client, page))["state"] == "frozen"
            for project in (page, program):
                assert (await ask(client, project["urls"]["preview"], server.token)).status == 200
            assert running <= {one["Id"] for one in await shown.containers()}
    await eventually(shown.nothing)


async def _freeze(client: aiohttp.ClientSession, project: dict[str, Any]) -> None:
    """For good: what the front door last passed on it may tell a moment later, which wakes it once more."""

    async def stays() -> bool:
        found = await sandbox(client, project)
        if found["state"] != "frozen":
            await sandbox(client, project, "freeze")
        since = datetime.fromisoformat(found["since"])
        return found["state"] == "frozen" and datetime.now(UTC) - since > timedelta(seconds=2)

    await eventually(stays)


async def use_a_terminal(client: aiohttp.ClientSession, url: str) -> None:
    async with client.ws_connect(url, protocols=("firefly.bridge.v1",)) as tunnel:
        await tunnel.send_json({"jsonrpc": "2.0", "id": 1, "method": "terminal.open", "params": {}})
        seen = b""
        async with asyncio.timeout(30):
            while b"typed-3" not in seen:
                message = await tunnel.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    seen += decode(message.data).payload
                elif (answer := json.loads(message.data)).get("id") == 1:
                    channel = answer["result"]["channel"]
                    await tunnel.send_bytes(encode(FrameKind.TERMINAL, channel, b"echo typed-$((1 + 2))\r"))
