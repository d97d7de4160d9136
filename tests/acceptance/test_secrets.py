"""A secret reaches the running application and nothing that lies on disk or can be listed shows it."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project

pytestmark = pytest.mark.timeout(180)

# Not as one word in this file, which is below the folders that are searched.
VALUE = "-".join(("whisper", "7f3a", "91c2"))
PAGE = """
import http from "node:http";
http.createServer((request, response) => response.end(`say ${process.env.GREETING ?? "nothing"}`))
  .listen(process.env.PORT);
"""


def found_below(folder: Path) -> list[str]:
    """Files that hold the value, whoever owns them."""
    done = subprocess.run(["grep", "-rlaF", "--", VALUE, str(folder)], capture_output=True, text=True)
    return done.stdout.splitlines()


def command_lines() -> str:
    texts = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            texts.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(texts)


async def test_a_secret_reaches_the_application_and_lies_nowhere(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    project = await create_project(client, "whisperer", "static")
    path = f"/api/v1/projects/{project['owner']}/{project['name']}"
    preview, token = project["urls"]["preview"], live_server.token
    for name, text in (("server.mjs", PAGE), ("firefly.yml", "dev: [node server.mjs]\n")):
        async with client.put(f"{path}/files/{name}", data=text) as response:
            assert response.status < 300
    await wait_for_text(client, preview, token, "say nothing")
    async with client.post(f"{path}/secrets", json={"name": "GREETING", "value": VALUE}) as response:
        assert response.status == 201
    await wait_for_text(client, preview, token, f"say {VALUE}")
    assert await run(client, path, "echo $GREETING") == f"{VALUE}\n"
    assert VALUE not in command_lines()
    assert await asyncio.to_thread(found_below, live_server.folder) == []
    # One that is frozen is woken and told, one that was stopped is told when it starts.
    async with client.post(f"{path}/sandbox/stop") as response:
        assert response.status == 200
    await wait_for_text(client, preview, token, f"say {VALUE}")
    async with client.post(f"{path}/sandbox/freeze") as response:
        assert response.status == 200
    async with client.delete(f"{path}/secrets/GREETING") as response:
        assert response.status == 204
    await wait_for_text(client, preview, token, "say nothing")


async def run(client: aiohttp.ClientSession, path: str, command: str) -> str:
    async with client.post(f"{path}/exec", json={"command": command}) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status == 200, answer
    return str(answer["stdout"])
