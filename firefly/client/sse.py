"""Server-Sent Events, read from an aiohttp response."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from firefly.errors import Unavailable


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str
    id: str


async def server_events(response: aiohttp.ClientResponse) -> AsyncIterator[ServerEvent]:
    """The events of `response` until it ends; comments (heartbeats) are left out."""
    name, event_id, data = "message", "", list[str]()
    try:
        while raw := await response.content.readline():
            line = raw.decode().rstrip("\r\n")
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
