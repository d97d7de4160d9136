"""Server-Sent Events as the standard has them, whatever the pieces in which they arrive."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.client.sse import ServerEvent, server_events
from firefly.errors import Unavailable

Serve = Callable[[list[bytes]], Awaitable[list[ServerEvent]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """What is read of a stream that is sent in these pieces and then ends."""
    sent: list[bytes] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in sent:
            if piece == b"BREAK":
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(piece)
        return response

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:

        async def read(pieces: list[bytes]) -> list[ServerEvent]:
            sent[:] = pieces
            async with asyncio.timeout(30), session.get(server.make_url("/")) as response:
                return [event async for event in server_events(response)]

        yield read


async def test_name_data_and_id_are_read_and_comments_are_not(serve: Serve) -> None:
    found = await serve([b": open\nretry: 1000\n\nid: 1\nevent: output\ndata: {}\n\n: still here\n\ndata: bare\n\n"])
    assert found == [ServerEvent("output", "{}", "1"), ServerEvent("message", "bare", "1")]


async def test_lines_of_data_are_joined_and_one_space_is_cut(serve: Serve) -> None:
    assert await serve([b"data: one\ndata:  two\ndata:three\ndata\n\n"]) == [
        ServerEvent("message", "one\n two\nthree\n", "")
    ]


async def test_pieces_may_end_anywhere_also_inside_a_letter(serve: Serve) -> None:
    raw = "id: 7\r\nevent: output\r\ndata: grün\r\n\r\n".encode()
    assert await serve([raw[n : n + 1] for n in range(len(raw))]) == [ServerEvent("output", "grün", "7")]


async def test_an_event_without_data_or_without_its_end_is_none(serve: Serve) -> None:
    assert await serve([b"event: nothing\n\nevent: cut off\ndata: x\n"]) == []


async def test_a_stream_that_breaks_off_is_an_error(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="ended early"):
        await serve([b"data: x\n\n", b"BREAK"])


async def test_a_line_may_be_of_any_length(serve: Serve) -> None:
    data = "x" * 1_000_000
    assert await serve([b"data: " + data.encode() + b"\n\n", b"data: y\n\n"]) == [
        ServerEvent("message", data, ""), ServerEvent("message", "y", ""),
    ]  # fmt: skip
