"""Server-Sent Events: writing them, with heartbeats, until the reader goes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import hdrs, web

HEARTBEAT = 15.0
FIELDS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is what a client sends back as Last-Event-ID to go on from here."""

    event: str
    data: object
    id: str | None = None

    def encode(self) -> bytes:
        lines = [f"id: {self.id}"] if self.id is not None else []
        lines += [f"event: {self.event}", f"data: {json.dumps(self.data, default=str)}"]
        return ("\n".join(lines) + "\n\n").encode()


async def open_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers=FIELDS)
    await response.prepare(request)
    # A first comment makes proxies and browsers see the stream as open.
    await response.write(b": open\nretry: 1000\n\n")
    return response


async def send_messages(
    response: web.StreamResponse, messages: AsyncIterator[Message], *, heartbeat: float = HEARTBEAT
) -> None:
    """Write until `messages` ends or nobody reads; a comment goes out after each `heartbeat` seconds of silence."""
    upcoming: asyncio.Future[Message] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(messages))
            done, _ = await asyncio.wait({upcoming}, timeout=heartbeat)
            if not done:
                await response.write(b": still here\n\n")
                continue
            try:
                message = upcoming.result()
            except StopAsyncIteration:
                return
            upcoming = None
            await response.write(message.encode())
    except ConnectionResetError:
        return
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
