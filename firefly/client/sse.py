"""Server-Sent Events, read from an aiohttp response."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from firefly.errors import Unavailable

LONGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str
    id: str


async def server_events(response: aiohttp.ClientResponse) -> AsyncIterator[ServerEvent]:
    """The events of `response` until it ends; comments (heartbeats) are left out."""
    name, event_id, data = "message", "", list[str]()
    try:
        async for raw in _lines(response):
            line = raw.decode().rstrip("\r")
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield ServerEvent(name, "\n".join(data), event_id)
                name, data = "message", []
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id":
                event_id = value
    except aiohttp.ClientError as error:
        raise Unavailable(f"The stream ended early: {error}") from error


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Without their ends, however long; one that has none is left out. Raises Unavailable beyond all reason."""
    begun = bytearray()
    async for part in response.content.iter_any():
        begun += part
        if b"\n" not in part:
            if len(begun) > LONGEST:
                raise Unavailable("The stream has a line that is too long.")
            continue
        *lines, rest = bytes(begun).split(b"\n")
        begun = bytearray(rest)
        for line in lines:
            yield line
