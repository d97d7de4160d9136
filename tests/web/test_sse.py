"""A stream to a reader who goes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import ClientSession, UnixConnector, web

from firefly.web.sse import Message, open_stream, send_messages

LIMIT = 30


async def test_it_ends_with_its_reader_and_is_no_mistake(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def messages() -> AsyncIterator[Message]:
        while True:
            yield Message("tick", "x" * 1000)
            await asyncio.sleep(0)

    async def follow(request: web.Request) -> web.StreamResponse:
        response = await open_stream(request)
        await send_messages(response, messages())
        ended.set()
        return response

    app = web.Application()
    app.router.add_get("/", follow)
    # In earnest nobody cancels a handler whose reader has gone, as aiohttp's own server for tests does.
    runner = web.AppRunner(app)
    await runner.setup()
    path = str(tmp_path / "web.sock")
    try:
        await web.UnixSite(runner, path).start()
        async with ClientSession(connector=UnixConnector(path)) as client, client.get("http://app/") as response:
            assert await response.content.readline() == b": open\n"
            response.close()
        async with asyncio.timeout(LIMIT):
            await ended.wait()
    finally:
        await runner.cleanup()
