"""Answers with what is on the shelf or comes there, for clients that may read slowly or not at all."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import aiohttp
from aiohttp import web

from .documents import Document
from .download import BLOCK, Download, Elsewhere
from .source import Source

# Seconds until an answer is read, and bytes of it for each further one.
PATIENCE, SLOWEST = 60.0, 256 << 10
# Bytes for which there is time where a registry does not say how many come.
UNTOLD = 64 << 20
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
    response.content_length = size = os.fstat(file.fileno()).st_size - file.tell()
    async with _ending_early(request), asyncio.timeout(PATIENCE + size / SLOWEST):
        await response.prepare(request)
        while piece := await asyncio.to_thread(file.read, BLOCK):
            await response.write(piece)
        await response.write_eof()
    return response


async def growing(request: web.BaseRequest, download: Download) -> web.StreamResponse:
    """How long the registry takes is not the client's fault; how long it waits for the client is."""
    response = web.StreamResponse(headers={"Content-Type": KIND})
    response.content_length = download.size
    clock, left = asyncio.get_running_loop().time, PATIENCE
    async with _ending_early(request):
        await response.prepare(request)
        async for piece in download.pieces():
            left += len(piece) / SLOWEST
            until = clock() + left
            async with asyncio.timeout_at(until):
                await response.write(piece)
            left = until - clock()
        await response.write_eof()
    return response


async def passed(request: web.BaseRequest, source: Source, url: str) -> web.StreamResponse:
    """What a registry itself answers, kept nowhere."""
    headers = {"Accept": request.headers.get("Accept", "*/*"), "Accept-Encoding": "identity"}
    try:
        async with source.get(url, headers) as found:
            response = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
            response.content_length = found.content_length
            async with _ending_early(request), asyncio.timeout(PATIENCE + (found.content_length or UNTOLD) / SLOWEST):
                await response.prepare(request)
                async for piece in found.content.iter_chunked(BLOCK):
                    await response.write(piece)
                await response.write_eof()
            return response
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return _away(request, error)


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
