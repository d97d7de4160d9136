"""HTTP with the API, version 1: calls, lists over many pages, and streams of events."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel

from .errors import ClientError, away
from .models import Page
from .sse import ServerEvent, server_events

API = "/api/v1"
TIMEOUT = 60.0
# An import or a first start may take long before the server begins to answer.
PATIENCE = 180.0

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")


class ApiTransport:
    """One server, asked as one account. Use it as an async context manager.

    Every method raises ClientError with the server's problem, or with the reason why there was no answer.
    """

    def __init__(self, server: str, token: str = "", *, session: aiohttp.ClientSession | None = None) -> None:
        """`session` replaces the transport's own, for tests and for sharing connections; it is not closed here."""
        self.server = server.rstrip("/")
        self.token = token
        self.workspace = ""
        """The member whose own workspace calls about a project are about, in the place of the shared one."""
        self._given = session
        self._session = session

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None and self._given is None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        model: type[Model],
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Model:
        async with self.request(method, path, json_body=body, params=params, timeout=timeout) as response:
            return await read(model, response)

    async def remove(self, path: str, *, params: Mapping[str, str] | None = None, timeout: float = TIMEOUT) -> None:
        async with self.request("DELETE", path, params=params, timeout=timeout):
            pass

    async def each(
        self, page: type[Page[Item]], path: str, *, params: Mapping[str, str] = {}, cursor: str = "cursor"
    ) -> AsyncIterator[Item]:
        """The items of all pages, asked for as they are wanted. `cursor` is the parameter that takes `next`."""
        asked = dict(params)
        while True:
            found = await self.ask(page, "GET", path, params=asked)
            for item in found.items:
                yield item
            if found.next is None:
                return
            asked[cursor] = found.next

    async def stream(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] = {}
    ) -> AsyncIterator[ServerEvent]:
        fields = {"Accept": "text/event-stream", **headers}
        async with self.request(method, path, json_body=body, headers=fields, timeout=None) as response:
            async for event in server_events(response):
                yield event

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        data: AsyncIterable[bytes] | bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = {},
        timeout: float | None = TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One call below /api/v1, for what has no method of its own. Raises ClientError for an answer ≥ 400."""
        if self._session is None:
            raise RuntimeError("use it as an async context manager")
        fields = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **headers}
        if json_body is not None:
            data, fields["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        limit = aiohttp.ClientTimeout(total=timeout, sock_connect=10)
        url = f"{self.server}{API}{path}"
        if self.workspace and path.startswith("/projects/"):
            params = {**(params or {}), "workspace": self.workspace}
        try:
            async with self._session.request(
                method, url, data=data, params=params, headers=fields, timeout=limit
            ) as response:
                if response.status >= 400:
                    raise await _error(response)
                yield response
        except TimeoutError:
            raise ClientError(f"{self.server} did not answer in time. Try again.") from None
        except aiohttp.ClientError as error:
            raise away(self.server, error) from error


def project_path(owner: str, name: str) -> str:
    """Where a project's calls are, below /api/v1."""
    return f"/projects/{quote(owner, safe='')}/{quote(name, safe='')}"


async def read(model: type[Model], response: aiohttp.ClientResponse) -> Model:
    try:
        return model.model_validate_json(await response.read())
    except ValueError as error:
        raise ClientError(
            f"{response.url.origin()} answered with something else than Firefly's API. Check --server.",
            status=response.status,
        ) from error


async def _error(response: aiohttp.ClientResponse) -> ClientError:
    problem: Any
    try:
        problem = await response.json(content_type=None)
    except (ValueError, aiohttp.ClientError):
        problem = None
    if not isinstance(problem, dict) or not problem.get("detail"):
        return ClientError(f"The server answered with status {response.status}.", status=response.status)
    return ClientError(str(problem["detail"]), status=response.status, problem=problem)
