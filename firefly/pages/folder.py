"""Answers requests with the pages of a folder."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from typing import TypeAlias

from aiohttp import web

from .finding import Asked, Elsewhere, Found, Source, find
from .notes import missing_page
from .responses import is_fresh, send_file

LARGEST_PAGE = 4 << 20
"""Bytes of a page that is changed on its way."""

# A page, changed on its way.
Alter: TypeAlias = Callable[[bytes], bytes]


async def answer(
    request: web.BaseRequest, source: Source, *, alter: Alter | None = None, executor: Executor | None = None
) -> web.StreamResponse:
    """Files are found and read by threads of `executor`, the loop's own where there is none.

    Raises OSError where a file is there and cannot be read.
    """
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=405, headers={"Allow": "GET, HEAD"})
    found = await _find(request, source, executor, alters=alter is not None)
    if found is None:
        page = missing_page(request.path)
        return web.Response(
            body=alter(page) if alter else page, status=404, headers=headers("text/html; charset=utf-8")
        )
    if isinstance(found, Elsewhere):
        query = f"?{request.rel_url.raw_query_string}" if request.query_string else ""
        return web.Response(status=301, headers={"Location": f"./{request.rel_url.raw_name}/{query}"})
    with closing(found):
        return await _send(request, found, alter, executor)


async def _find(
    request: web.BaseRequest, source: Source, executor: Executor | None, *, alters: bool
) -> Found | Elsewhere | None:
    looking = asyncio.get_running_loop().run_in_executor(
        executor, lambda: find(source, Asked.of(request), alters=alters)
    )
    try:
        return await asyncio.shield(looking)
    except asyncio.CancelledError:
        looking.add_done_callback(_let_go)
        raise


def _let_go(looking: "asyncio.Future[Found | Elsewhere | None]") -> None:
    """Nobody waits for what was found any longer."""
    if not looking.cancelled() and looking.exception() is None and (found := looking.result()) is not None:
        found.close()


async def _send(
    request: web.BaseRequest, found: Found, alter: Alter | None, executor: Executor | None
) -> web.StreamResponse:
    altered = alter if found.kind.startswith("text/html") and found.size <= LARGEST_PAGE else None
    etag = f'"{found.version}-live"' if altered else f'"{found.version}"'
    fields = {**headers(found.kind), "ETag": etag}
    if found.varies:
        fields["Vary"] = "Accept-Encoding"
    if found.coding:
        fields["Content-Encoding"] = found.coding
    if found.status == 200 and is_fresh(request, etag):
        return web.Response(status=304, headers=fields)
    if altered:
        rest = await asyncio.get_running_loop().run_in_executor(executor, found.file.read)
        return web.Response(body=altered(found.start + rest), status=found.status, headers=fields)
    return await send_file(
        request, found.file, size=found.size, headers=fields, status=found.status, start=found.start, executor=executor
    )


def headers(kind: str) -> dict[str, str]:
    """What all answers of a site say."""
    return {"Content-Type": kind, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
