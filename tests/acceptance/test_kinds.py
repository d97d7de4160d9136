"""Real projects pushed with stock git: analysed, installed from the registries, built, shown, and answering.

A backend joins by an entry in BACKENDS. What `make test` sees of projects in containers is in test_images.py.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.acceptance.test_git import git
from tests.support.engine import Engine, needs_engine
from tests.support.kinds import BROKEN, KINDS, Kind
from tests.support.previews import wait_for_text
from tests.support.server import BUILDING, LiveServer, create_project
from tests.support.waiting import eventually


def _docker(request: pytest.FixtureRequest) -> Mapping[str, str]:
    engine: Engine = request.getfixturevalue("engine")
    image: str = request.getfixturevalue("project_image")
    return {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": image}


# What the server of a backend is told, by its name; None: it is the one that they share.
BACKENDS: Mapping[str, Callable[[pytest.FixtureRequest], Mapping[str, str]] | None] = {
    "process": None,
    "docker": _docker,
}
MARKS = {"docker": (needs_engine[0], pytest.mark.kinds)}
# The kinds that need no registry, for every run; the others are for `make kinds`.
QUICK = {"static", "procfile"}
# Seconds for all builds together, and for a site to begin; of a log that a failure shows, characters.
LIMIT, SHOWN = 900, 200
TOLD = 6000

pytestmark = [pytest.mark.timeout(LIMIT + SHOWN), pytest.mark.xdist_group("live")]


@dataclass
class Town:
    """A running server, and a folder for clones."""

    server: LiveServer
    client: aiohttp.ClientSession
    folder: Path

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

        async def asked_for() -> dict[str, Any] | None:
            async with self.client.get(path) as response:
                found = (await response.json())["builds"]
            return found[0] if found else None

        build = await eventually(asked_for)
        assert build is not None
        headers, limit = {"Accept": "text/event-stream"}, aiohttp.ClientTimeout(total=LIMIT)
        async with self.client.get(f"/api/v1/builds/{build['id']}/log", headers=headers, timeout=limit) as response:
            async for line in response.content:
                if line.startswith(b"event: end"):
                    break
        async with self.client.get(f"/api/v1/builds/{build['id']}") as response:
            return {**await response.json(), "name": project["name"], "owner": project["owner"]}

    async def shows(self, build: Mapping[str, Any], kind: Kind) -> None:
        url = self.server.content_url(f"site--{build['name']}--{build['owner']}") + kind.path
        try:
            await wait_for_text(self.client, url, self.server.token, kind.shows, within=SHOWN)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(await self.log(build))[-TOLD:]}") from None

    async def log(self, build: Mapping[str, Any]) -> str:
        async with self.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
            return await response.text()


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in sorted(BACKENDS)])
async def town(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    told = BACKENDS[request.param]
    if told is None:
        server: LiveServer = request.getfixturevalue("building_server")
        async with server.client() as client:
            yield Town(server, client, tmp_path / "clones")
        return
    await asyncio.to_thread(tmp_path.chmod, 0o755)
    server = LiveServer(tmp_path, settings={**BUILDING, **told(request)})
    await asyncio.to_thread(server.start)
    try:
        async with server.client() as client:
            yield Town(server, client, tmp_path / "clones")
    finally:
        await asyncio.to_thread(server.stop)


async def _build_and_show(town: Town, kind: Kind) -> str:
    """The state of its build."""
    build = await town.push(kind.name, kind.files)
    log = await town.log(build)
    if build["state"] != "succeeded":
        return f"{kind.name}: {build['failure']}\n{log[-TOLD:]}"
    for words in (kind.family, *kind.log):
        assert words in log, f"{kind.name}: {words!r} is not in its log:\n{log[-TOLD:]}"
    await town.shows(build, kind)
    return "succeeded"


async def _states(town: Town, names: Set[str]) -> set[str]:
    """Of builds of these kinds, all at one time."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_build_and_show(town, kind)) for kind in KINDS if kind.name in names]
    return {task.result() for task in tasks}


async def test_quick_ones_are_built_and_answer_and_one_that_fails_is_explained(town: Town) -> None:
    assert await _states(town, QUICK) == {"succeeded"}
    failed = await town.push("broken", BROKEN)
    assert failed["state"] == "failed"
    failure = failed["failure"]
    assert failure["cause"] == "The module “not-there” is imported and not there."
    assert (failure["step"], failure["command"], failure["exit_code"]) == ("build", "npm run build", 1)
    assert any("Cannot find module 'not-there'" in line for line in failure["lines"])


@pytest.mark.network
@pytest.mark.kinds
async def test_the_others_are_built_and_answer(town: Town) -> None:
    assert await _states(town, {kind.name for kind in KINDS} - QUICK) == {"succeeded"}
