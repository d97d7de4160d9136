"""A node dies while its sandbox is edited: a whole server brings the sandbox back on the other, with the edits."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project
from tests.support.swarm import Node, Swarm, needs_swarm
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(400), *needs_swarm, pytest.mark.swarm]

MOST_LOST = 5.0
EDITS = 40
PACE = 0.2
# What a request may meet while the sandbox is away.
AWAY = (aiohttp.ClientError, TimeoutError)


class Editor:
    """Somebody who writes the time into a file, again and again."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self._url = url
        self.acknowledged = 0

    async def write(self) -> None:
        while True:
            try:
                async with self._client.put(self._url, data=str(time.time()).encode()) as response:
                    self.acknowledged += response.status < 300
            except AWAY:
                pass
            await asyncio.sleep(PACE)

    async def read(self) -> float:
        """0: there is nothing to be had just now."""
        try:
            async with self._client.get(self._url, timeout=aiohttp.ClientTimeout(total=10)) as response:
                return float(await response.text()) if response.status == 200 else 0.0
        except AWAY:
            return 0.0


@pytest.fixture
def mortal(worker: Node) -> Iterator[Node]:
    """Revived at the end."""
    yield worker
    worker.revive()


async def test_it_comes_back_on_the_other_and_five_seconds_of_edits_are_lost_at_most(
    swarm: Swarm, mortal: Node, tmp_path: Path
) -> None:
    with LiveServer(tmp_path, settings=swarm.settings) as server:
        async with server.client() as client:
            with swarm.drained():
                project = await create_project(client, "garden", "static")
            base = f"/api/v1/projects/{project['owner']}/garden"
            editor = Editor(client, f"{base}/files/edited")
            writing = asyncio.create_task(editor.write())
            await eventually(lambda: editor.acknowledged > EDITS, within=60)
            assert mortal.docker("ps", "-q") != ""
            assert swarm.manager.docker("ps", "-q") == ""

            died = time.time()
            mortal.die()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            # Nobody asks: it comes by itself.
            assert await eventually(lambda: swarm.manager.docker("ps", "-q"), within=90)
            found = await eventually(editor.read, within=60)
            assert died - found <= MOST_LOST
            async with client.get(f"{base}/sandbox") as response:
                assert (await response.json())["state"] == "running"
            async with client.post(f"{base}/exec", json={"command": "git log --format=%s; ls"}) as response:
                said = (await response.json())["stdout"]
            assert "index.html" in said
