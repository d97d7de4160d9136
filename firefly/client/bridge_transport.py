"""How questions reach a bridge by HTTP, and what becomes of its answers."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel
from yarl import URL

from firefly.errors import Unavailable
from firefly.protocol.errors import from_problem
from firefly.weighing import is_heavy

LARGEST_ANSWER, LARGEST_PROBLEM = 64 << 20, 256 << 10
TOO_MUCH = "The sandbox sent more than it should. Restart it."
Answer = TypeVar("Answer", bound=BaseModel)


class BridgeTransport:
    """One bridge at `base`, by the session that reaches it."""

    def __init__(self, session: aiohttp.ClientSession, base: str, *, workspace: str = "") -> None:
        self._session = session
        self._base = base.rstrip("/")
        self._query = f"workspace={quote(workspace, safe='')}" if workspace else ""

    @classmethod
    def on_socket(cls, path: Path | str, *, request_id: str | None = None) -> Self:
        headers = {"X-Request-Id": request_id} if request_id else {}
        connector = aiohttp.UnixConnector(path=str(path))
        return cls(aiohttp.ClientSession(connector=connector, headers=headers), "http://bridge")

    @classmethod
    def at(cls, url: str, token: str, *, workspace: str = "") -> Self:
        """Through the API; `url` is that of the project, `<server>/api/v1/projects/<owner>/<name>`.

        `workspace`: the member whose own one is meant, empty for the shared one.
        """
        return cls(aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}), url, workspace=workspace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    def _url(self, path: str) -> URL:
        """As it is: a path with dots in it is for the bridge to refuse, not for a library to tidy up."""
        query = f"{'&' if '?' in path else '?'}{self._query}" if self._query else ""
        return URL(self._base + path + query, encoded=True)

    async def _json(
        self,
        answer: type[Answer],
        method: str,
        path: str,
        *,
        data: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] = {},
        timeout: float | None = 30,
        most: int | None = None,
    ) -> Answer:
        async with self._request(method, path, data=data, headers=headers, timeout=timeout) as response:
            return answer.model_validate_json(await read_json(response, most))

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        *,
        data: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] = {},
        timeout: float | None = 30,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        limit = aiohttp.ClientTimeout(total=timeout, connect=10)
        fields = {"Content-Type": "application/json", **headers} if data is not None else dict(headers)
        try:
            response = await self._session.request(method, self._url(path), data=data, headers=fields, timeout=limit)
        except aiohttp.ClientError as error:
            raise Unavailable(f"The bridge does not answer: {error}") from error
        async with response:
            if response.status >= 400:
                raise from_problem(_problem(await read_whole(response, LARGEST_PROBLEM)))
            yield response


async def read_whole(response: aiohttp.ClientResponse, most: int | None = None) -> bytes:
    """The body of an answer that is not streamed on. Raises Unavailable beyond what any bridge of ours sends.

    What answers runs beside the project's code; it must not fill the server's memory.
    """
    parts: list[bytes] = []
    size, bound = 0, LARGEST_ANSWER if most is None else most
    async for part in response.content.iter_any():
        size += len(part)
        if size > bound:
            raise Unavailable(TOO_MUCH)
        parts.append(part)
    return b"".join(parts)


async def read_json(response: aiohttp.ClientResponse, most: int | None = None) -> bytes:
    """As `read_whole`; raises Unavailable too for what takes long to read, or much memory once it is read."""
    body = await read_whole(response, most)
    if is_heavy(body):
        raise Unavailable(TOO_MUCH)
    return body


def _problem(raw: bytes) -> Mapping[str, object]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {"detail": raw[:200].decode(errors="replace")}
    return body if isinstance(body, dict) else {}
