"""A project full of secrets is remixed; the copy runs, goes its own way, and holds none of them."""

import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("live")]

MARK = "correct-horse-battery-staple"
FULL_OF_SECRETS = f"""
set -e
git config user.name Ada
git config user.email ada@example.org
printf '.env\\nnode_modules\\n' > .gitignore
git add .gitignore
git commit -qm 'Ignore'
git push -q origin HEAD
printf 'KEY={MARK}' > .env
mkdir -p node_modules/x && printf '{MARK}' > node_modules/x/index.js
printf '//registry:_authToken={MARK}' > ~/.npmrc
mkdir -p .git/hooks && printf '#!/bin/sh\\n# {MARK}' > .git/hooks/pre-commit
git config remote.elsewhere.url 'https://ada:{MARK}@git.example/x.git'
printf '{MARK}' > oops.txt
git add oops.txt
git commit -qm 'Oops'
git reset -q --hard HEAD~1
printf '{MARK}' > README.md
git stash -q
printf '<!doctype html><html><p>not committed' > index.html
printf 'mine\\n' > notes.txt
rm style.css
"""


async def run(client: aiohttp.ClientSession, project: dict[str, Any], script: str) -> str:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/exec"
    async with client.post(path, json={"command": script}) as response:
        done = await response.json()
        assert response.status == 200, done
    assert done["exit_code"] == 0, done
    return str(done["stdout"])


async def remix(client: aiohttp.ClientSession, source: dict[str, Any], name: str) -> dict[str, Any]:
    body = {"name": name, "remix_of": f"{source['owner']}/{source['name']}"}
    async with client.post("/api/v1/projects", json=body) as response:
        made: dict[str, Any] = await response.json()
        assert response.status == 202, made

    async def ended() -> dict[str, Any] | None:
        async with client.get(f"/api/v1/jobs/{made['job']['id']}") as response:
            job: dict[str, Any] = await response.json()
        return job if job["state"] not in ("queued", "running") else None

    job = await eventually(ended, within=60)
    assert job is not None
    assert job["state"] == "succeeded", job
    return made


def hide_in_repository(server: LiveServer, project: dict[str, Any]) -> Path:
    """Leave the secret in the hosted repository as a shadow branch would; returns where repositories are."""
    folder = server.folder / "data" / "repositories"
    name = project["id"].replace("-", "")
    git = ("git", f"--git-dir={folder / name[:2] / name}.git")
    blob = subprocess.run([*git, "hash-object", "-w", "--stdin"], input=MARK.encode(), capture_output=True, check=True)
    subprocess.run([*git, "update-ref", "refs/firefly/w1/main", blob.stdout.decode().strip()], check=True)
    return folder


def objects(folder: Path, project: dict[str, Any]) -> bytes:
    name = project["id"].replace("-", "")
    command = ["git", f"--git-dir={folder / name[:2] / name}.git", "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def marked(folder: Path) -> set[str]:
    """The workspaces that hold the secret in plain sight."""
    found = subprocess.run(["grep", "-rlaF", MARK, "."], cwd=folder, capture_output=True, text=True, check=False)
    return {line.split("/")[1] for line in found.stdout.splitlines()}


async def test_a_remix_goes_its_own_way_and_holds_no_secret(
    live_server: LiveServer, client: aiohttp.ClientSession
) -> None:
    tag = secrets.token_hex(3)
    source = await create_project(client, f"full-{tag}", "static")
    await run(client, source, FULL_OF_SECRETS)
    repositories = hide_in_repository(live_server, source)
    copy = await remix(client, source, f"copy-{tag}")

    await wait_for_text(client, copy["urls"]["preview"], live_server.token, "not committed", within=20)
    assert copy["remix_of"] == f"{source['owner']}/{source['name']}"
    listed = (await run(client, copy, "cat notes.txt; ls -A; git stash list; git remote")).split()
    assert listed[0] == "mine"
    assert {"index.html", "notes.txt", ".gitignore", "origin"} < set(listed)
    assert not {".env", "node_modules", "style.css", "elsewhere", "WIP"} & set(listed)
    assert await run(client, copy, "git status --porcelain") == " M index.html\n D style.css\n?? notes.txt\n"
    assert MARK not in await run(client, copy, "git cat-file --batch-all-objects --batch | tr -d '\\0'; env; ls ~")
    assert MARK in await run(client, source, "git cat-file --batch-all-objects --batch | tr -d '\\0'")
    assert MARK.encode() in objects(repositories, source)
    assert MARK.encode() not in objects(repositories, copy)
    if os.getuid() == 0:
        assert len(marked(live_server.folder / "data" / "workspaces")) == 1

    await run(
        client, copy, "git config user.name Bob; git config user.email bob@example.org; printf changed > notes.txt"
    )
    await run(client, copy, "git add -A && git commit -qm Mine && git push -q")
    assert await run(client, source, "cat notes.txt; git log --oneline origin/main | wc -l") == "mine\n2\n"


@pytest.mark.skipif(os.getuid() != 0, reason="Layers need root.")
async def test_a_remix_begins_on_what_a_push_made_ready(tmp_path: Path) -> None:
    """Installed once, for the prebuild; source and copy go their own ways from there."""
    with LiveServer(tmp_path, settings={"FIREFLY_PREBUILDS": "projects"}) as server:
        async with server.client() as client:
            source = await create_project(client, "source", "static")
            await run(
                client,
                source,
                "git config user.name Ada; git config user.email ada@example.org; printf 'vendor\\n' > .gitignore\n"
                "printf 'install: \"mkdir -p vendor && echo installed >> vendor/log\"\\n' > firefly.yml\n"
                "git add -A && git commit -qm Install && git push -q && echo mine > notes.txt",
            )
            path = f"/api/v1/projects/{source['owner']}/source/prebuilds"

            async def made() -> dict[str, Any] | None:
                async with client.get(path) as response:
                    found = (await response.json())["items"]
                return found[0] if found and found[0]["finished_at"] else None

            prebuild = await eventually(made, within=60)
            assert prebuild is not None
            assert (prebuild["state"], prebuild["reason"]) == ("succeeded", "Everything is installed.")
            assert "mkdir -p vendor" in prebuild["log"]
            copy = await remix(client, source, "copy")
            await wait_for_text(client, copy["urls"]["preview"], server.token, "<html", within=20)
            assert await run(client, copy, "cat vendor/log notes.txt; git status --porcelain") == (
                "installed\nmine\n?? notes.txt\n"
            )
            assert " /workspace overlay " in await run(client, copy, "cat /proc/self/mounts")
            await run(client, copy, "echo changed > index.html; rm vendor/log; mv vendor other")
            again = await remix(client, source, "again")
            assert "changed" not in await run(client, source, "cat index.html")
            assert await run(client, again, "cat vendor/log; ls -d other 2>/dev/null || true") == "installed\n"
            # What is gone from the source's branches is in nobody's copy.
            await run(client, source, "git reset -q --hard HEAD~1 && git push -q --force")
            assert "Install" not in await run(client, await remix(client, source, "third"), "git log --all --format=%s")
