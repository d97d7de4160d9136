"""A running server that real projects are pushed to with stock git, and what becomes of them."""

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.acceptance.test_git import git
from tests.support.kinds import Kind
from tests.support.previews import wait_for_text
from tests.support.server import BUILDING, LiveServer, create_project, remote_of
from tests.support.waiting import eventually

# Seconds for all builds together, and for a site to begin; of a log that a failure shows, characters.
LIMIT, SHOWN = 900, 200
TOLD = 6000


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
        remote = remote_of(project, self.server.token)
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
        site = self.server.content_url(f"site--{build['name']}--{build['owner']}")
        try:
            await wait_for_text(self.client, site + kind.path, self.server.token, kind.shows, within=SHOWN)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(await self.log(build))[-TOLD:]}") from None
        if kind.socket is not None:
            path, sent, told = kind.socket
            async with asyncio.timeout(SHOWN), self._socket(site + path, origin=site) as socket:
                await socket.send_bytes(sent)
                while told not in await socket.receive_bytes():
                    pass

    def _socket(self, url: str, *, origin: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """As a page of the site opens it."""
        fields = {"X-Firefly-Preview-Token": self.server.token, "Authorization": "", "Origin": origin}
        return self.client.ws_connect(url, headers=fields)

    async def log(self, build: Mapping[str, Any]) -> str:
        async with self.client.get(f"/api/v1/builds/{build['id']}/log?download=text") as response:
            return await response.text()

    async def built_and_shown(self, kind: Kind) -> str:
        """The state of its build."""
        build = await self.push(kind.name, kind.files)
        log = await self.log(build)
        if build["state"] != "succeeded":
            return f"{kind.name}: {build['failure']}\n{log[-TOLD:]}"
        for words in (kind.family, *kind.log):
            assert words in log, f"{kind.name}: {words!r} is not in its log:\n{log[-TOLD:]}"
        await self.shows(build, kind)
        return "succeeded"

    async def states(self, kinds: Iterable[Kind]) -> set[str]:
        """Of builds of these kinds, all at one time."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.built_and_shown(kind)) for kind in kinds]
        return {task.result() for task in tasks}


@contextmanager
def served(folder: Path, settings: Mapping[str, str]) -> Iterator[LiveServer]:
    """A server that builds, with its data in a folder of its own."""
    folder.chmod(0o755)
    with LiveServer(folder, settings={**BUILDING, **settings}) as server:
        yield server
