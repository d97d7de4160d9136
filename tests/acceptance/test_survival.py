"""`kill -9` of the server: every acknowledged write is there afterwards, sandboxes are adopted."""

import asyncio
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("survival")]


@dataclass
class Writes:
    """What was acknowledged, and the one write that was under way when the server died: it may have been done."""

    acknowledged: dict[str, bytes] = field(default_factory=dict)
    under_way: tuple[str, bytes] = ("", b"")

    def may_hold(self, name: str, content: bytes) -> bool:
        return content == self.acknowledged[name] or (name, content) == self.under_way


async def write_until_it_dies(client: aiohttp.ClientSession, base: str, writes: Writes) -> None:
    for number in range(100_000):
        name, content = f"note-{number % 40}.txt", secrets.token_bytes(2000)
        writes.under_way = (name, content)
        try:
            async with client.put(f"{base}/{name}", data=content) as response:
                if response.status >= 300:
                    return
        except (aiohttp.ClientError, TimeoutError):
            return
        writes.acknowledged[name] = content


async def test_acknowledged_writes_survive_kill_9(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        writes = Writes()
        async with server.client() as client:
            project = await create_project(client, "notes", "static")
            base = f"/api/v1/projects/{project['owner']}/notes"
            async with asyncio.TaskGroup() as group:
                group.create_task(write_until_it_dies(client, f"{base}/files", writes))
                await eventually(lambda: len(writes.acknowledged) == 40)
                server.kill()
        server.start()
        async with server.client() as client:
            async with client.get(f"{base}/sandbox") as response:
                after = await response.json()
            assert after["state"] == "running"
            assert after["reason"] == "Found running when the server started."
            for name in writes.acknowledged:
                async with client.get(f"{base}/files/{name}") as response:
                    assert writes.may_hold(name, await response.read())
            await wait_for_text(client, project["urls"]["preview"], server.token, "<html", within=30)
