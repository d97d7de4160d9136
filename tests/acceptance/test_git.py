"""Stock git against the running server: clone, commit, push; workspace and preview follow."""

import asyncio
import os
import secrets
from pathlib import Path

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project, remote_of

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("live")]


async def git(*arguments: str, cwd: Path, home: Path) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    process = await asyncio.create_subprocess_exec(
        "git", *identity, *arguments, cwd=cwd, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    text = output.decode()
    assert process.returncode == 0, text
    return text


async def test_a_push_reaches_workspace_and_preview(
    live_server: LiveServer, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    project = await create_project(client, f"pushed-{secrets.token_hex(3)}", "static")
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "<html")
    remote = remote_of(project, live_server.token)
    await git("clone", remote, "clone", cwd=tmp_path, home=tmp_path)
    clone = tmp_path / "clone"
    (clone / "index.html").write_text("<!doctype html><html><p>pushed by stock git")
    await git("commit", "-am", "Say something else", cwd=clone, home=tmp_path)
    said = await git("push", cwd=clone, home=tmp_path)
    assert "workspace" in said
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "pushed by stock git", within=20)


async def test_a_repository_of_ones_own_is_the_first_push_and_is_shown(
    live_server: LiveServer, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    project = await create_project(client, f"own-{secrets.token_hex(3)}", "static")
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "<html")
    remote = remote_of(project, live_server.token)
    (own := tmp_path / "own").mkdir()
    (own / "index.html").write_text("<!doctype html><html><p>of my own")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "Begin")):
        await git(*arguments, cwd=own, home=tmp_path)
    said = await git("push", remote, "HEAD:main", cwd=own, home=tmp_path)
    assert "took the place of what the template began" in said
    await wait_for_text(client, project["urls"]["preview"], live_server.token, "of my own", within=20)


async def test_a_push_onto_an_edited_workspace_says_that_it_stays(
    live_server: LiveServer, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    project = await create_project(client, f"dirty-{secrets.token_hex(3)}", "static")
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/files/index.html"
    async with client.put(path, data=b"<!doctype html><p>not committed") as response:
        assert response.status < 300
    remote = remote_of(project, live_server.token)
    await git("clone", remote, "clone", cwd=tmp_path, home=tmp_path)
    clone = tmp_path / "clone"
    (clone / "index.html").write_text("<!doctype html><p>pushed")
    await git("commit", "-am", "Push onto edits", cwd=clone, home=tmp_path)
    said = await git("push", cwd=clone, home=tmp_path)
    assert "not" in said
    async with client.get(path) as response:
        assert "not committed" in await response.text()


async def test_a_push_needs_a_token(live_server: LiveServer, client: aiohttp.ClientSession, tmp_path: Path) -> None:
    project = await create_project(client, f"closed-{secrets.token_hex(3)}", "static")
    remote = remote_of(project, "wrong")
    with pytest.raises(AssertionError, match=r"Authentication failed|could not read"):
        await git("clone", remote, "clone", cwd=tmp_path, home=tmp_path)
