"""Answers with what is on the shelf or comes there, for clients that may read slowly or not at all."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from pathlib import Path
from typing import BinaryIO

import aiohttp
from aiohttp import web

from ..pace import Pace
from .documents import Document
from .download import Download, Elsewhere
from .source import BLOCK, Source, pieces

# Seconds for which is waited for who reads an answer, and bytes a second that he has to read.
PATIENCE, SLOWEST = 60.0, 256 << 10
KIND = "application/octet-stream"


async def document(request: web.BaseRequest, found: Document) -> web.StreamResponse:
    """Raises Elsewhere where it is not there any more."""
    with await asyncio.to_thread(found.open) as text:
        return await _kept(request, text, found.kind)


async def file(request: web.BaseRequest, path: Path) -> web.StreamResponse:
    with await asyncio.to_thread(path.open, "rb") as data:
        return await _kept(request, data, KIND)


async def _kept(request: web.BaseRequest, file: BinaryIO, kind: str) -> web.StreamResponse:
    """What is left of it, piece by piece: whoever reads none of it holds no memory of the server's."""
    response = web.StreamResponse(headers={"Content-Type": kind})
    response.content_length = os.fstat(file.fileno()).st_size - file.tell()
    return await _send(request, response, _read(file))


async def _read(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    while piece := await asyncio.to_thread(file.read, BLOCK):
        yield piece


async def growing(request: web.BaseRequest, download: Download) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": KIND})
    response.content_length = download.size
    return await _send(request, response, download.pieces())


async def passed(request: web.BaseRequest, source: Source, url: str, visitor: Hashable) -> web.StreamResponse:
    """What a registry itself answers, kept nowhere."""
    headers = {"Accept": request.headers.get("Accept", "*/*"), "Accept-Encoding": "identity"}
    try:
        async with source.get(url, headers, visitor) as found:
            response = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
            response.content_length = found.content_length
            return await _send(request, response, pieces(found))
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return _away(request, error)


async def _send(
    request: web.BaseRequest, response: web.StreamResponse, body: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """How long what is sent takes to come is not the client's fault; how long it waits for the client is."""
    pace = Pace(PATIENCE, SLOWEST)
    async with _ending_early(request), contextlib.aclosing(body):
        await response.prepare(request)
        async for piece in body:
            async with pace.waiting():
                await response.write(piece)
            pace.moved(len(piece))
        async with pace.waiting():
            await response.write_eof()
    return response


def _away(request: web.BaseRequest, error: Exception) -> web.StreamResponse:
    reason = str(error) or type(error).__name__
    return web.json_response({"error": f"The registry does not answer: {reason}"}, status=502)


@contextlib.asynccontextmanager
async def _ending_early(request: web.BaseRequest) -> AsyncIterator[None]:
    """The answer has begun; that it ends too early tells the client that it is none."""
    try:
        yield
    except (TimeoutError, Elsewhere, aiohttp.ClientError):
        if request.transport is not None:
            request.transport.abort()
