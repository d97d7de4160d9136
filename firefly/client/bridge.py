"""The typed asyncio client of a bridge's HTTP side; `connect` opens its WebSocket side (bridge_connection)."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel

from firefly.client.bridge_connection import BridgeConnection
from firefly.client.bridge_transport import BridgeTransport
from firefly.client.sse import ServerEvent, server_events
from firefly.errors import Unavailable
from firefly.protocol import MAX_MESSAGE, MEMBER_HEADER, SUBPROTOCOL
from firefly.protocol.activity import Activity
from firefly.protocol.application import ApplicationStatus, Line, Ports, Usage
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecEvent, ExecParams, ExecResult
from firefly.protocol.files import Listing, Written
from firefly.protocol.workspace import (
    CarryParams,
    Configuration,
    Configured,
    Health,
    Initialized,
    InitializeParams,
    Member,
    Pulled,
    PullParams,
    Restored,
    ShadowStatus,
)

ANY: Final = "*"

# Bytes of what all sandboxes are asked for all the time, many of them at once.
LARGEST_STATUS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    data: bytes
    version: str


class BridgeClient(BridgeTransport):
    """Talks to one bridge: on its unix socket (server, tests), or through the API of a project with a token.

    Use it as an async context manager. Every method raises the domain error that the bridge answered with,
    `Unavailable` when the bridge is away, and `TimeoutError` when it does not answer in time.
    """

    async def health(self, *, timeout: float = 5) -> Health:
        return await self._json(Health, "GET", "/healthz", timeout=timeout, most=LARGEST_STATUS)

    async def read_file(self, path: str) -> File:
        async with self.open_file(path) as response:
            return File(await response.read(), _version(response))

    @asynccontextmanager
    async def open_file(self, path: str, *, headers: Mapping[str, str] = {}) -> AsyncIterator[aiohttp.ClientResponse]:
        """A streamed GET; `headers` may hold Range and conditions."""
        async with self._request("GET", _file(path), headers=dict(headers), timeout=None) as response:
            yield response

    async def list_folder(self, path: str = "", *, depth: int = 1) -> Listing:
        return await self._json(Listing, "GET", f"{_file(path)}?depth={depth}")

    async def write_file(self, path: str, data: bytes | AsyncIterable[bytes], *, version: str | None = ANY) -> Written:
        """`version`: ANY overwrites, None means that the file must not exist, else the version last read."""
        return await self._json(Written, "PUT", _file(path), data=data, headers=_condition(version), timeout=None)

    async def delete_file(self, path: str, *, version: str = ANY) -> None:
        async with self._request("DELETE", _file(path), headers=_condition(version)):
            pass

    async def execute(
        self, command: str | list[str], *, timeout: float = DEFAULT_TIMEOUT, env: Mapping[str, str] = {}
    ) -> ExecResult:
        body = ExecParams(command=command, timeout=timeout, env=dict(env)).model_dump_json()
        return await self._json(ExecResult, "POST", "/exec", data=body.encode(), timeout=timeout + 15)

    async def stream_execute(
        self, command: str | list[str], *, timeout: float = DEFAULT_TIMEOUT, env: Mapping[str, str] = {}
    ) -> AsyncIterator[ExecEvent]:
        """Output as it comes; the last event is `exit`. Leaving the iterator early ends the command."""
        body = ExecParams(command=command, timeout=timeout, env=dict(env)).model_dump_json().encode()
        headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        async with self._request("POST", "/exec", data=body, headers=headers, timeout=None) as response:
            async for event in server_events(response):
                yield ExecEvent.model_validate_json(event.data)

    async def logs(self, *, after: int | None = None) -> AsyncIterator[Line | ApplicationStatus]:
        """Output lines and changes of status, for as long as the iterator is read."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": str(after)} if after is not None else {})}
        async with self._request("GET", "/logs", headers=headers, timeout=None) as response:
            async for event in server_events(response):
                if (item := _log_item(event)) is not None:
                    yield item

    async def application_status(self, *, wait: float = 0) -> ApplicationStatus:
        """Once it is neither installing nor starting, or after `wait` seconds, a minute at most."""
        query = f"?wait={wait:g}" if wait else ""
        return await self._json(
            ApplicationStatus, "GET", f"/application{query}", timeout=wait + 30, most=LARGEST_STATUS
        )

    async def ports(self, *, timeout: float = 5) -> list[int]:
        """What is listened on in the sandbox beside the application's main port."""
        return (await self._json(Ports, "GET", "/ports", timeout=timeout, most=LARGEST_STATUS)).ports

    async def activity(self, *, timeout: float = 5) -> Activity:
        """What the bridge is in the middle of, open ports, what firefly.yml asks of the server."""
        return await self._json(Activity, "GET", "/activity", timeout=timeout, most=LARGEST_STATUS)

    async def usage(self, *, timeout: float = 5) -> Usage:
        """What the sandbox uses now, as it sees itself."""
        return await self._json(Usage, "GET", "/usage", timeout=timeout, most=LARGEST_STATUS)

    async def start_application(self) -> ApplicationStatus:
        return await self._json(ApplicationStatus, "POST", "/application/start")

    async def stop_application(self) -> ApplicationStatus:
        return await self._json(ApplicationStatus, "POST", "/application/stop")

    async def restart_application(self) -> ApplicationStatus:
        return await self._json(ApplicationStatus, "POST", "/application/restart")

    async def prepare(self, *, timeout: float = 1900) -> ApplicationStatus:
        """Install what the project needs, and start nothing."""
        return await self._json(ApplicationStatus, "POST", "/application/prepare", timeout=timeout)

    async def initialize(self, params: InitializeParams, *, timeout: float = 600) -> Initialized:
        return await self._json(Initialized, "POST", "/initialize", data=_body(params), timeout=timeout)

    async def initialize_archive(self, data: bytes | AsyncIterable[bytes], *, timeout: float = 600) -> Initialized:
        """Fill the empty workspace from a zip, tar or tar.gz."""
        headers = {"Content-Type": "application/octet-stream"}
        return await self._json(
            Initialized, "POST", "/initialize?archive=1", data=data, headers=headers, timeout=timeout
        )

    async def initialize_remix(
        self, changes: AsyncIterable[bytes], *, onto: bool = False, timeout: float = 600
    ) -> Initialized:
        """Fill the empty workspace from the hosted repository, then with the `changes` of another workspace."""
        headers = {"Content-Type": "application/x-tar"}
        return await self._json(
            Initialized,
            "POST",
            f"/initialize?archive=changes{'&onto=1' if onto else ''}",
            data=changes,
            headers=headers,
            timeout=timeout,
        )

    @asynccontextmanager
    async def changes(self, params: CarryParams, *, timeout: float = 600) -> AsyncIterator[aiohttp.ClientResponse]:
        """A streamed archive of what differs from a commit of the hosted repository."""
        async with self._request("POST", "/git/changes", data=_body(params), timeout=timeout) as response:
            yield response

    async def configure(self, configuration: Configuration) -> Configured:
        return await self._json(Configured, "POST", "/configure", data=_body(configuration))

    @asynccontextmanager
    async def dump_database(self) -> AsyncIterator[aiohttp.ClientResponse]:
        """All that is in a site's own database, streamed, as `fill_database` takes it. Unavailable: it does not run."""
        async with self._request("GET", "/site/database", timeout=None) as response:
            yield response

    async def fill_database(self, dump: AsyncIterable[bytes]) -> None:
        """What a site's own database is to have when it is made. Before the site is configured."""
        async with self._request("PUT", "/site/database", data=dump, timeout=None):
            pass

    async def restore(self, *, timeout: float = 1800) -> Restored:
        """Bring back the files of a workspace that has lost them all. Conflict when it has any."""
        return await self._json(Restored, "POST", "/restore", timeout=timeout)

    async def pull(self, ref: str, *, timeout: float = 120) -> Pulled:
        return await self._json(Pulled, "POST", "/git/pull", data=_body(PullParams(ref=ref)), timeout=timeout)

    async def shadow(self) -> ShadowStatus:
        """Whether every edit is saved outside of the sandbox."""
        return await self._json(ShadowStatus, "GET", "/shadow")

    async def flush(self, *, timeout: float = 120) -> ShadowStatus:
        """Save every edit outside of the sandbox now; the answer says whether that succeeded."""
        return await self._json(ShadowStatus, "POST", "/shadow/flush", timeout=timeout)

    @asynccontextmanager
    async def connect(self, *, member: Member | None = None, answers: bool = False) -> AsyncIterator[BridgeConnection]:
        """The WebSocket side. `member` is needed on the unix socket; through the API the server says who it is.

        `answers`: nothing but those of calls is wanted.
        """
        headers = {MEMBER_HEADER: member.model_dump_json()} if member else {}
        try:
            socket = await self._session.ws_connect(
                f"{self._base}/bridge", protocols=(SUBPROTOCOL,), headers=headers, max_msg_size=MAX_MESSAGE
            )
        except aiohttp.ClientError as error:
            raise Unavailable(f"The bridge refused the connection: {error}") from error
        connection = BridgeConnection(socket, answers=answers)
        try:
            yield connection
        finally:
            await connection.close()


def _file(path: str) -> str:
    return f"/files/{quote(path)}"


def _version(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("ETag", "").strip('"')


def _condition(version: str | None) -> dict[str, str]:
    if version == ANY:
        return {}
    return {"If-None-Match": "*"} if version is None else {"If-Match": f'"{version}"'}


def _body(params: BaseModel) -> bytes:
    return params.model_dump_json().encode()


def _log_item(event: ServerEvent) -> Line | ApplicationStatus | None:
    if event.name == "status":
        return ApplicationStatus.model_validate_json(event.data)
    return Line.model_validate_json(event.data) if event.name == "output" else None
