"""The server that is measured, with a client that has its bootstrap token."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.previews import ask
from tests.support.server import LiveServer, create_project

# Seconds: as between people, so that what is prepared ahead is there again; and until a preview is given up.
PAUSE, LIMIT = 2.0, 60.0
# Between two askings of a preview that does not show anything yet.
AGAIN = 0.002


@dataclass(frozen=True, slots=True)
class Project:
    """One project; what it does is asked for by the API."""

    house: "House"
    owner: str
    name: str
    preview: str

    async def shown(self) -> None:
        """Return when the preview answers 200."""
        async with asyncio.timeout(LIMIT):
            while (await ask(self.house.client, self.preview, self.house.server.token)).status != 200:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(AGAIN)

    async def turn(self, action: str) -> None:
        """`start`, `stop`, `freeze` or `restart` its sandbox; over when that is done."""
        await self.post(f"sandbox/{action}")

    async def post(self, path: str, *, within: float = LIMIT, **body: Any) -> Any:
        """Raises RuntimeError for any answer that is no success."""
        url = f"/api/v1/projects/{self.owner}/{self.name}/{path}"
        limit = aiohttp.ClientTimeout(total=within)
        async with self.house.client.post(url, json=body, timeout=limit) as response:
            found = await response.json()
            if not response.ok:
                raise RuntimeError(f"{path}: {found}")
        return found


@dataclass(frozen=True, slots=True)
class House:
    server: LiveServer
    client: aiohttp.ClientSession

    async def create(self, name: str, template: str | None = None, **more: Any) -> Project:
        made = await create_project(self.client, name, template, **more)
        return Project(self, made["owner"], made["name"], made["urls"]["preview"])


@contextlib.asynccontextmanager
async def serving(*, connections: int = 100, **settings: str) -> AsyncIterator[House]:
    """`settings` are the server's environment; the client has so many connections at once."""
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        os.chmod(name, 0o755)
        with LiveServer(Path(name), settings=settings) as server:
            async with server.client(connections=connections) as client:
                await asyncio.sleep(PAUSE)
                yield House(server, client)


async def timed(work: Awaitable[object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1e3


async def repeated(rounds: int, pause: float, once: Callable[[int], Awaitable[float]]) -> list[float]:
    """What `once` gives in each round, sorted; a pause is after each."""
    values = []
    for number in range(rounds):
        values.append(await once(number))
        await asyncio.sleep(pause)
    return sorted(values)
