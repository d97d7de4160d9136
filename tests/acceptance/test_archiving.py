"""A workspace that nobody uses leaves the disk and comes back, byte for byte, when it is opened; a crash between."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.acceptance.test_restoring import EDITS, STATE, contents, run, stop
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("restoring")]

# Seconds without use, as days; the notice comes after half of that.
UNUSED = 4 / 86400
PRESENT = "git checkout -q topic/one 2> /dev/null; git branch -q -D main; git push -q origin topic/one"


async def sandbox(client: aiohttp.ClientSession, base: str) -> dict[str, Any]:
    async with client.get(f"{base}/sandbox") as response:
        found: dict[str, Any] = await response.json()
    return found


async def test_every_byte_of_an_archived_workspace_comes_back_when_it_is_opened(tmp_path: Path) -> None:
    with LiveServer(tmp_path, settings={"FIREFLY_WORKSPACE_ARCHIVE_DAYS": f"{UNUSED:.9f}"}) as server:
        async with server.client() as client:
            project = await create_project(client, "garden", "static")
            base = f"/api/v1/projects/{project['owner']}/garden"
            await run(client, base, EDITS)
            state = await run(client, base, STATE)
            (folder,) = [
                path for path in (tmp_path / "data" / "workspaces").iterdir() if (path / "tree" / "deep").is_dir()
            ]
            before = contents(folder / "tree")
            await stop(client, base)

            async def noted() -> str:
                return str((await sandbox(client, base))["archive_note"])

            # The branch with a commit that was never pushed is nowhere else.
            assert "the branch main" in str(await eventually(noted, within=60))
            assert contents(folder / "tree") == before
            await run(client, base, PRESENT)
            await stop(client, base)

            async def archived() -> bool:
                return (await sandbox(client, base))["archived_at"] is not None and not folder.exists()

            assert await eventually(archived, within=60)
            server.kill()
            server.start()
            assert (await sandbox(client, base))["state"] == "stopped"
            assert await run(client, base, STATE) == state
            assert contents(folder / "tree") == before
            assert (await sandbox(client, base))["archived_at"] is None
