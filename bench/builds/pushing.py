"""A project of the measured server, and a clone of it whose commits are pushed."""

import asyncio
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.previews import ask

from ..sandbox.house import AGAIN, LIMIT, House

GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=site")


@dataclass(frozen=True, slots=True)
class Clone:
    house: House
    folder: Path
    owner: str
    name: str

    @classmethod
    async def make(cls, house: House, folder: Path) -> "Clone":
        project = await house.create(f"p{uuid4().hex[:8]}", "static")
        remote = f"{house.server.url}/git/{project.owner}/{project.name}.git"
        made = cls(house, folder / project.name, project.owner, project.name)
        made.folder.mkdir(parents=True)
        await made.git("init", "-q")
        await made.git("remote", "add", "origin", remote.replace("http://", f"http://token:{house.server.token}@", 1))
        return made

    async def git(self, *arguments: str) -> None:
        await asyncio.to_thread(
            lambda: subprocess.run([*GIT, *arguments], cwd=self.folder, check=True, capture_output=True)
        )

    async def commit(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)
        await self.git("add", "-A")
        await self.git("commit", "-q", "--allow-empty", "-m", "Change it")

    async def push(self) -> float:
        """When git had pushed, by the clock of the benchmark."""
        await self.git("push", "-q", "origin", "HEAD:site")
        return time.perf_counter()

    async def shown(self, text: str) -> float:
        """When the branch's page held `text`."""
        url = self.house.server.content_url(f"site--{self.name}--{self.owner}")
        async with asyncio.timeout(LIMIT):
            while True:
                answer = await ask(self.house.client, url, self.house.server.token)
                if answer.status == 200 and text in answer.text:
                    return time.perf_counter()
                await asyncio.sleep(AGAIN)

    async def newest(self, *states: str) -> dict[str, Any]:
        """The newest build, once it is in one of these states."""
        path = f"/api/v1/projects/{self.owner}/{self.name}/builds?limit=1"
        async with asyncio.timeout(LIMIT):
            while True:
                async with self.house.client.get(path) as response:
                    found: list[dict[str, Any]] = (await response.json())["builds"]
                if found and (not states or found[0]["state"] in states):
                    return found[0]
                await asyncio.sleep(AGAIN)

    async def routed(self, build: Mapping[str, Any]) -> dict[str, Any]:
        """A build once its site is live."""
        async with asyncio.timeout(LIMIT):
            while True:
                async with self.house.client.get(f"/api/v1/builds/{build['id']}") as response:
                    found: dict[str, Any] = await response.json()
                if found["site"] and found["site"]["state"] == "live":
                    return found
                await asyncio.sleep(AGAIN)
