"""Answers with what is on the shelf or comes there, for clients that may read slowly or not at all."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from .documents import Document
from .download import BLOCK, Download, Elsewhere

# Seconds until an answer is read, and bytes of it for each further one.
PATIENCE, SLOWEST = 60.0, 256 << 10
HEADERS = {"Content-Type": "application/octet-stream"}


async def document(request: web.BaseRequest, found: Document) -> web.StreamResponse:
    """Piece by piece: whoever reads none of it holds no memory of the server's. Raises Elsewhere."""
    with await asyncio.to_thread(found.open) as text:
        response = web.StreamResponse(headers={"Content-Type": found.kind})
        response.content_length = os.fstat(text.fileno()).st_size - text.tell()
        async with _in_time(request, response.content_length):
            await response.prepare(request)
            while piece := await asyncio.to_thread(text.read, BLOCK):
                await response.write(piece)
            await response.write_eof()
    return response


async def file(request: web.BaseRequest, path: Path, size: int) -> web.StreamResponse:
    response = web.FileResponse(path, headers=HEADERS)
    async with _in_time(request, size):
        await response.prepare(request)
    return response


async def growing(request: web.BaseRequest, download: Download) -> web.StreamResponse:
    """How long the registry takes is not the client's fault."""
    response = web.StreamResponse(headers=HEADERS)
    response.content_length = download.size
    async with _ending_early(request):
        await response.prepare(request)
        async for piece in download.pieces():
            async with asyncio.timeout(PATIENCE):
                await response.write(piece)
        await response.write_eof()
    return response


@contextlib.asynccontextmanager
async def _in_time(request: web.BaseRequest, size: int) -> AsyncIterator[None]:
    async with _ending_early(request), asyncio.timeout(PATIENCE + size / SLOWEST):
        yield


@contextlib.asynccontextmanager
async def _ending_early(request: web.BaseRequest) -> AsyncIterator[None]:
    """The answer has begun; that it ends too early tells the client that it is none."""
    try:
        yield
    except (TimeoutError, Elsewhere):
        if request.transport is not None:
            request.transport.abort()
