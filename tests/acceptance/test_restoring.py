"""A workspace's folder is deleted while its sandbox is stopped: the next start brings every byte back."""

import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("restoring")]

EDITS = """
set -e
git config user.name Ada; git config user.email ada@example.org
printf 'mine\\r\\n' > committed.txt; git add committed.txt; git commit -qm "Never pushed"
git checkout -qb topic/one
printf 'a\\0b\\r\\n' > 'odd name'; ln -s 'odd name' link; chmod +x index.html; mkdir -p deep/er; echo x > deep/er/file
echo '*.css text eol=crlf' > .gitattributes; rm style.css
printf 'ignored\\0\\r\\n' > .env; mkdir data; echo rows > data/db; printf '.env\\ndata\\n' > .gitignore
"""
STATE = "git symbolic-ref HEAD; git log -1 --format=%H%s; git remote get-url origin; stat -c %A index.html"


async def run(client: aiohttp.ClientSession, base: str, command: str) -> str:
    async with client.post(f"{base}/exec", json={"command": command, "timeout": 60}) as response:
        done: dict[str, Any] = await response.json()
    assert done.get("exit_code") == 0, done
    return str(done["stdout"])


async def stop(client: aiohttp.ClientSession, base: str) -> None:
    async with client.post(f"{base}/sandbox/stop") as response:
        assert (await response.json())["state"] == "stopped"


def contents(tree: Path) -> dict[str, bytes | str]:
    """Every file and link of the workspace, git's own aside."""
    found: dict[str, bytes | str] = {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if name.split("/")[0] != ".git" and (path.is_symlink() or path.is_file()):
            found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes()
    return found


async def take_back_and_undo(client: aiohttp.ClientSession, base: str) -> None:
    """A checkpoint is listed and read; going back to it is an edit that can be taken back."""
    async with client.put(f"{base}/files/deep/er/file", data=b"spoilt") as response:
        assert response.status == 200
    async with client.get(f"{base}/checkpoints") as response:
        newest = (await response.json())["items"][0]
    assert newest["branch"] == "topic/one"
    async with client.get(f"{base}/checkpoints/{newest['id']}/files/deep/er/file") as response:
        assert await response.read() == b"x\n"
    async with client.post(f"{base}/checkpoints/{newest['id']}/restore", json={"paths": ["deep"]}) as response:
        taken = await response.json()
        assert taken["files"] == 1
    async with client.get(f"{base}/checkpoints/{newest['id']}/changes?against=now") as response:
        since = (await response.json())["items"]
    assert "deep/er/file" not in [one["path"] for one in since], "it is as it was"
    assert await run(client, base, "cat deep/er/file after") == "x\nmore\n"
    async with client.get(f"{base}/checkpoints/{taken['undo']}/changes?against=now") as response:
        changed = await response.json()
    assert [(one["path"], one["added"], one["removed"]) for one in changed["items"]] == [("deep/er/file", 1, 1)]
    async with client.post(f"{base}/checkpoints/{taken['undo']}/restore", json={}) as response:
        assert response.status == 200
    assert await run(client, base, "cat deep/er/file after") == "spoiltmore\n"


async def test_every_byte_of_a_deleted_workspace_comes_back(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        async with server.client() as client:
            project = await create_project(client, "garden", "static")
            base = f"/api/v1/projects/{project['owner']}/garden"
            await run(client, base, EDITS)
            state = await run(client, base, STATE)
            await stop(client, base)
            (folder,) = [
                path for path in (tmp_path / "data" / "workspaces").iterdir() if (path / "tree" / "deep").is_dir()
            ]
            before = contents(folder / "tree")
            shutil.rmtree(folder)

            assert await run(client, base, STATE) == state
            assert contents(folder / "tree") == before
            await run(client, base, "echo more > after")
            await take_back_and_undo(client, base)
            await stop(client, base)
            shutil.rmtree(folder)
            assert await run(client, base, "cat after") == "more\n"
