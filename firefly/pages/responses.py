"""Answers with files: conditions and ranges, read by threads and never by the loop."""

import asyncio
import re
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import BinaryIO

from aiohttp import web

BLOCK = 256 << 10
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, the latter not included."""

    start: int
    end: int


def is_fresh(request: web.BaseRequest, etag: str) -> bool:
    """Whether the client's copy is good (RFC 9110 §13.1.2)."""
    known = request.headers.get("If-None-Match")
    if known is None:
        return False
    return known.strip() == "*" or etag in {item.strip().removeprefix("W/") for item in known.split(",")}


def span_of(request: web.BaseRequest, size: int, etag: str) -> Span | None:
    """The one range that is asked for, None for all. ValueError when it lies outside (RFC 9110 §14)."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or (not found[1] and not found[2]):
        return None
    if (condition := request.headers.get("If-Range")) is not None and condition.strip() != etag:
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        start, end = size - length, size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    if start >= size or start >= end:
        raise ValueError("the range lies outside")
    return Span(start, end)


async def send_file(
    request: web.BaseRequest,
    file: BinaryIO,
    *,
    size: int,
    headers: dict[str, str],
    status: int = 200,
    start: bytes = b"",
    executor: Executor | None = None,
) -> web.StreamResponse:
    """All of `file`, or the range that is asked for, in blocks; `start` is what is known of its beginning."""
    etag = headers.get("ETag", "")
    try:
        span = span_of(request, size, etag) if status == 200 else None
    except ValueError:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    part = span or Span(0, size)
    headers = {**headers, "Accept-Ranges": "bytes"}
    if span:
        status, headers["Content-Range"] = 206, f"bytes {span.start}-{span.end - 1}/{size}"
    if part.end <= len(start):
        return web.Response(status=status, headers=headers, body=start[part.start : part.end])
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = part.end - part.start
    await response.prepare(request)
    if request.method != "HEAD":
        await _copy(file, part, response, executor)
    await response.write_eof()
    return response


async def _copy(file: BinaryIO, part: Span, response: web.StreamResponse, executor: Executor | None) -> None:
    loop = asyncio.get_running_loop()
    file.seek(part.start)
    left = part.end - part.start
    while left > 0:
        block = await loop.run_in_executor(executor, file.read, min(BLOCK, left))
        if not block:
            # The file became shorter meanwhile; the promised length cannot be kept, so the connection must end.
            raise ConnectionResetError("the file was cut while it was sent")
        await response.write(block)
        left -= len(block)
