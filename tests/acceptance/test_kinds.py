"""Real projects pushed with stock git: analysed, installed from the registries, built, shown, and answering.

A backend joins by an entry in BACKENDS.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.acceptance.test_git import git
from tests.support.kinds import BROKEN, KINDS, Kind
from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project

# What its server is told, by the backend's name.
BACKENDS: Mapping[str, Mapping[str, str]] = {"process": {}}
# The kinds that need no registry, for every run; the others are for `make kinds`.
QUICK = {"static", "procfile"}
# Seconds for all builds together, and for a site to begin.
LIMIT, SHOWN = 900, 200

pytestmark = [pytest.mark.timeout(LIMIT + SHOWN), pytest.mark.xdist_group("kinds")]


@dataclass
class Town:
    """A running server, and a folder for clones."""

    server: LiveServer
    client: aiohttp.ClientSession
    folder: Path
    failures: list[str] = field(default_factory=list)

    async def push(self, kind: str, files: Mapping[str, str]) -> dict[str, Any]:
        """A new project whose branch `site` has these files and nothing else; its build, when that is over."""
        project = await create_project(self.client, f"{kind}-{secrets.token_hex(3)}", "static")
        clone = self.folder / kind
        (clone / "x").parent.mkdir(parents=True)
        for name, text in files.items():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_text(text)
        remote = project["urls"]["git"].replace("http://", f"http://token:{self.server.token}@", 1)
        for arguments in (
            ("init", "-q", "-b", "site"), ("add", "-A"), ("commit", "-qm", "Begin"), ("push", "-q", remote, "site"),
        ):  # fmt: skip
            await git(*arguments, cwd=clone, home=self.folder)
        return await self.ended(project)

    async def ended(self, project: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/api/v1/projects/{project['owner']}/{project['name']}/builds?ref=refs/heads/site"
        async with asyncio.timeout(LIMIT):
            while True:
                async with self.client.get(path) as response:
                    found = (await response.json())["builds"]
                if found and found[0]["ended_at"]:
                    return {**found[0], "name": project["name"], "owner": project["owner"]}
                await asyncio.sleep(0.2)

    async def shows(self, build: Mapping[str, Any], kind: Kind) -> None:
        url = self.server.content_url(f"site--{build['name']}--{build['owner']}") + kind.path
        try:
            await wait_for_text(self.client, url, self.server.token, kind.shows, within=SHOWN)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{await self.log(build)}") from None

    async def log(self, build: Mapping[str, Any]) -> str:
        async with self.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
            return (await response.text())[-6000:]


@pytest.fixture(params=sorted(BACKENDS))
async def town(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    await asyncio.to_thread(tmp_path.chmod, 0o755)
    server = LiveServer(tmp_path, settings=dict(BACKENDS[request.param]))
    await asyncio.to_thread(server.start)
    try:
        async with server.client() as client:
            yield Town(server, client, tmp_path / "clones")
    finally:
        await asyncio.to_thread(server.stop)


async def _build_and_show(town: Town, kind: Kind) -> None:
    build = await town.push(kind.name, kind.files)
    log = await town.log(build)
    assert build["state"] == "succeeded", f"{kind.name}: {build['failure']}\n{log}"
    for words in (kind.family, *kind.log):
        assert words in log, f"{kind.name}: {words!r} is not in its log:\n{log}"
    await town.shows(build, kind)


async def _all(town: Town, kinds: list[Kind]) -> None:
    async with asyncio.TaskGroup() as group:
        for kind in kinds:
            group.create_task(_build_and_show(town, kind))


async def test_quick_ones_are_built_and_answer_and_one_that_fails_is_explained(town: Town) -> None:
    await _all(town, [kind for kind in KINDS if kind.name in QUICK])
    failed = await town.push("broken", BROKEN)
    assert failed["state"] == "failed"
    failure = failed["failure"]
    assert failure["cause"] == "The module “not-there” is imported and not there."
    assert (failure["step"], failure["command"], failure["exit_code"]) == ("build", "npm run build", 1)
    assert any("Cannot find module 'not-there'" in line for line in failure["lines"])


@pytest.mark.network
@pytest.mark.kinds
async def test_the_others_are_built_and_answer(town: Town) -> None:
    await _all(town, [kind for kind in KINDS if kind.name not in QUICK])
