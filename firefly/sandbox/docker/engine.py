"""The Docker engine as the backend sees it: calls with limits, by aiodocker, and errors of our own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiodocker import Docker
from aiodocker.exceptions import DockerError

from firefly.errors import Conflict, FireflyError, NotFound, TimedOut, Unavailable

CALL_LIMIT = 30.0
CONNECTING = 5.0
# aiodocker's number for an engine that is not there.
AWAY = 900
# The first is said with status 409, the second with 500 (moby, daemon/pause.go and unpause.go).
ALREADY = ("is already paused", "is not paused")
# Of runc where processes of the container begin meanwhile, or the machine is slow: it has let them go on, and leaves it
# to its caller to try again (opencontainers/runc, pull request 4388).
NOT_YET = "unable to freeze"
NOT_YET_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING)


class Engine:
    """`address` is a URL such as unix:///run/docker.sock; empty: what DOCKER_HOST or the usual places say.

    Calls raise NotFound, Conflict, TimedOut, and Unavailable with the engine's own sentence for all else.
    """

    def __init__(self, address: str = "") -> None:
        self.address = address
        self._opened: Docker | None = None

    @property
    def docker(self) -> Docker:
        """aiodocker's client, made at the first use: it belongs to a running loop. Raises Unavailable."""
        if self._opened is None:
            try:
                self._opened = Docker(self.address or None)
            except (AssertionError, ValueError) as error:
                raise Unavailable("There is no Docker engine on this machine: set FIREFLY_DOCKER_HOST.") from error
        return self._opened

    @property
    def local(self) -> bool:
        """Whether its socket is on this machine; so is one that nobody has found."""
        try:
            return str(self.docker.docker_host).startswith("unix://")
        except Unavailable:
            return True

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    @asynccontextmanager
    async def calling(self, limit: float | None = CALL_LIMIT) -> AsyncIterator[Docker]:
        """aiodocker's client for calls that take `limit` seconds together at most, with errors of our own."""
        docker = self.docker
        try:
            async with asyncio.timeout(limit):
                yield docker
        except DockerError as error:
            raise _translated(error) from error
        except TimeoutError as error:
            raise TimedOut("The Docker engine does not answer. Try again.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"The Docker engine went away: {error}. Try again.") from error

    async def call(self, method: str, path: str, *, body: Any = None, limit: float = CALL_LIMIT, **query: str) -> Any:
        """One call with JSON both ways, for what aiodocker has no method for."""
        async with self.calling(limit) as docker:
            return await docker._query_json(path, method, params=query, data=body)

    async def pause(self, container: str, *, frozen: bool) -> None:
        """Or let it go on. What is so already is no error. Raises Conflict where it does not run."""
        for pause in NOT_YET_PAUSES:
            try:
                await self._pause(container, frozen=frozen)
                return
            except Unavailable as error:
                if NOT_YET not in error.detail:
                    raise
            await asyncio.sleep(pause)
        await self._pause(container, frozen=frozen)

    async def _pause(self, container: str, *, frozen: bool) -> None:
        try:
            async with self.calling() as docker:
                found = docker.containers.container(container)
                await (found.pause() if frozen else found.unpause())
        except (Conflict, Unavailable) as error:
            if not error.detail.endswith(ALREADY):
                raise

    async def containers(self, labels: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Those that have all of these labels, `name=value`, the ended too: id, labels, state."""
        filters = json.dumps({"label": list(labels)})
        found: list[Mapping[str, Any]] = await self.call("GET", "containers/json", all="1", filters=filters)
        return found

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, data: Any = None, headers: Mapping[str, str] | None = None, **query: str
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """A call whose answer is one JSON document after another, without a limit of time."""
        async with self.calling(None) as docker:
            response = await docker._do_query(path, method, params=query, data=data, headers=headers, timeout=ENDLESS)
            async with response:
                yield _documents(response)

    @asynccontextmanager
    async def raw(
        self, method: str, path: str, *, data: Any = None, **query: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A call whose answer is bytes, in pieces as they come, without a limit of time."""
        async with self.calling(None) as docker:
            response = await docker._do_query(path, method, params=query, data=data, timeout=ENDLESS)
            async with response:
                yield response.content.iter_any()


async def _documents(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in response.content:
        if line.strip():
            yield json.loads(line)


def _translated(error: DockerError) -> FireflyError:
    if error.status == 404:
        return NotFound(error.message)
    if error.status == 409:
        return Conflict(error.message)
    if error.status == AWAY:
        return Unavailable("The Docker engine does not answer. See that it runs, and that this user may reach it.")
    return Unavailable(f"The Docker engine refused: {error.message}")
