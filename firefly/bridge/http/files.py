"""/files/{path}: raw bytes in and out, with versions as entity tags."""

import asyncio
import queue
from collections.abc import Iterator

from aiohttp import web

from firefly.bridge.annex import Annex
from firefly.bridge.http.problems import answer
from firefly.bridge.services.files import Files
from firefly.bridge.services.listing import Lister
from firefly.bridge.storage import ANY, Expected, Storage
from firefly.errors import FireflyError, InvalidInput, TooLarge
from firefly.pages import content_type, is_fresh, send_file
from firefly.protocol.files import Written

MOST_UPLOADED = 1 << 30
_SAMPLE = 64 << 10
_WAITING_BLOCKS = 8


class FileRoutes:
    def __init__(self, storage: Storage, annex: Annex, files: Files, lister: Lister) -> None:
        self._storage = storage
        self._annex = annex
        self._files = files
        self._lister = lister

    def routes(self) -> list[web.RouteDef]:
        path = "/files/{path:.*}"
        return [web.get(path, self.get), web.put(path, self.put), web.delete(path, self.delete)]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """A file's bytes (ranges and conditions are heeded), or a folder's listing as JSON."""
        path, depth = request.match_info["path"].removesuffix("/"), _depth(request)
        if await asyncio.to_thread(self._files.is_folder, path):
            return answer(await self._lister.folder(path, depth=depth))
        version = await asyncio.to_thread(self._storage.version, path)
        with self._storage.opened(path) as (file, status):
            etag = f'"{version}"'
            start = await asyncio.to_thread(file.read, _SAMPLE)
            headers = {"ETag": etag, "Content-Type": content_type(path, start), "X-Content-Type-Options": "nosniff"}
            if is_fresh(request, etag):
                return web.Response(status=304, headers=headers)
            return await send_file(request, file, size=status.st_size, headers=headers)

    async def put(self, request: web.Request) -> web.StreamResponse:
        """412 when the condition does not hold; 201 for a new file."""
        path, expected = request.match_info["path"], _expected(request)
        if (request.content_length or 0) > MOST_UPLOADED:
            raise _too_large()
        async with self._files.locks.holding(path):
            existed = await asyncio.to_thread(self._files.exists, path)
            written = await self._receive(request, path, expected)
        return answer(written, status=200 if existed else 201, headers={"ETag": f'"{written.version}"'})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        await self._files.delete(request.match_info["path"], expected=_expected(request))
        return web.Response(status=204)

    async def _receive(self, request: web.Request, path: str, expected: Expected) -> Written:
        """Blocks go from the connection to a thread that writes them; a body that ends early changes nothing."""
        blocks: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING_BLOCKS)
        writing = asyncio.ensure_future(
            asyncio.to_thread(lambda: self._storage.write(path, _taken(blocks), expected=expected))
        )
        last: BaseException | None = None
        try:
            await _feed(request, blocks, writing)
        except BaseException as error:
            last = error
            raise
        finally:
            await _offer(blocks, last, writing)
            if last is not None:
                await asyncio.gather(writing, return_exceptions=True)
        return await writing


async def _feed(
    request: web.Request, blocks: "queue.Queue[bytes | BaseException | None]", writing: "asyncio.Future[Written]"
) -> None:
    total = 0
    async for block in request.content.iter_any():
        total += len(block)
        if total > MOST_UPLOADED:
            raise _too_large()
        await _offer(blocks, block, writing)
        if writing.done():
            return


async def _offer(
    blocks: "queue.Queue[bytes | BaseException | None]",
    item: bytes | BaseException | None,
    writing: "asyncio.Future[Written]",
) -> None:
    """Put `item` in the queue as soon as the writer has room; give up when it has ended."""
    while not writing.done():
        try:
            return blocks.put_nowait(item)
        except queue.Full:
            await asyncio.sleep(0.002)


def _taken(blocks: "queue.Queue[bytes | BaseException | None]") -> Iterator[bytes]:
    while (item := blocks.get()) is not None:
        if isinstance(item, BaseException):
            raise InvalidInput("The upload ended early; nothing was changed.") from item
        yield item


def _too_large() -> FireflyError:
    return TooLarge(f"A file may have {MOST_UPLOADED >> 30} GiB at most.")


def _expected(request: web.Request) -> Expected:
    if request.headers.get("If-None-Match", "").strip() == "*":
        return None
    tag = request.headers.get("If-Match", "*").strip()
    if tag == "*":
        return ANY
    if not (tag.startswith('"') and tag.endswith('"') and len(tag) > 2):
        raise InvalidInput("If-Match holds one entity tag in quotes.", field="If-Match")
    return tag[1:-1]


def _depth(request: web.Request) -> int:
    text = request.query.get("depth", "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 16):
        raise InvalidInput("depth is a number from 1 to 16.", field="depth")
    return int(text)
