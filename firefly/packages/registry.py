"""What npm and pip ask for, answered from this machine where it can be; else they are sent on to the registry.

    GET <path of the registry>/<name>                      npm: what there is of a package
    GET <path of the registry>/<name>/-/<name>-<version>.tgz
    GET /+python/simple/<name>/                            pip: the same, as JSON
    GET /+python/files/<name>/<file>
    GET /+upstreams                                        JSON: where this has packages from

Nothing that a client sends is kept, and none of its credentials go anywhere: what is served is what anybody gets, and
files are what the registry's own word says they are.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, urlsplit

from aiohttp import web

from . import index, sending
from .digest import Digest
from .documents import Document, Documents, Missing
from .download import Download, Elsewhere
from .shelf import Full, Shelf
from .source import Source
from .upstream import Upstreams

_NAME = r"(?:@[A-Za-z0-9~][\w.~-]*/)?[A-Za-z0-9~][\w.~-]*"
_PACKAGE = re.compile(rf"({_NAME})", re.ASCII)
_TARBALL = re.compile(rf"({_NAME})/-/([\w.~-]+)-(\d[\w.+-]*)\.tgz", re.ASCII)
_PAGE = re.compile(r"/\+python/simple/([a-z0-9-]+)/")
_FILE = re.compile(r"/\+python/files/([a-z0-9-]+)/([^/]+)")
UPSTREAMS = "/+upstreams"
ABBREVIATED = "application/vnd.npm.install-v1+json"
WHOLE = "application/json"
INDEX = "application/vnd.pypi.simple.v1+json"
# Of a path, in bytes, and of what a registry says of one version: far beyond any that is published.
LONGEST_PATH, LARGEST_MANIFEST = 1024, 4 << 20
# Seconds in which a page of an index is turned, and how many are at a time.
TURN_LIMIT, TURNS = 60.0, 4


class Registry:
    def __init__(self, shelf: Shelf, find: Callable[[], Awaitable[Upstreams]]) -> None:
        """`find` is asked when the first client comes."""
        self._shelf = shelf
        self._find = find
        self._finding = asyncio.Lock()
        self._upstreams: Upstreams | None = None
        self._turning = asyncio.Semaphore(TURNS)
        self._source = Source()
        self._documents = Documents(shelf, self._source)
        self._downloads: dict[str, tuple[Download, asyncio.Task[None]]] = {}

    async def close(self) -> None:
        tasks = [task for _, task in self._downloads.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._documents.close()
        await self._source.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        upstreams = await self._known()
        if request.path == UPSTREAMS:
            return web.json_response(asdict(upstreams))
        elsewhere = _elsewhere(request, upstreams)
        try:
            if request.method != "GET" or request.query_string or len(request.path) > LONGEST_PATH:
                raise Elsewhere("Only what is read by its path is kept.")
            return await self._serve(request, upstreams)
        except Missing:
            return web.json_response({"error": "not found"}, status=404)
        except (Elsewhere, Full):
            if not elsewhere:
                return web.json_response({"error": "This machine knows no registry."}, status=404)
            return web.Response(status=307, headers={"Location": elsewhere})

    async def _known(self) -> Upstreams:
        async with self._finding:
            if self._upstreams is None:
                self._upstreams = await self._find()
        return self._upstreams

    async def _serve(self, request: web.BaseRequest, upstreams: Upstreams) -> web.StreamResponse:
        path, prefix = request.path, urlsplit(upstreams.npm).path
        if upstreams.python and (found := _PAGE.fullmatch(path)):
            return await sending.document(
                request, await self._page(upstreams.python, found[1], request.headers.get("Accept", ""))
            )
        if upstreams.python and (found := _FILE.fullmatch(path)):
            return await self._send(request, *await self._place(upstreams.python, found[1], found[2]))
        if upstreams.npm and path.startswith(prefix):
            rest = path.removeprefix(prefix)
            if found := _TARBALL.fullmatch(rest):
                digest = await self._integrity(upstreams.npm, found[1], found[2], found[3])
                return await self._send(request, upstreams.npm + rest, digest)
            if found := _PACKAGE.fullmatch(rest):
                accept = ABBREVIATED if ABBREVIATED in request.headers.get("Accept", "") else WHOLE
                return await sending.document(
                    request, await self._documents.get(upstreams.npm + _escaped(found[1]), accept)
                )
        raise Elsewhere("This is nothing that is kept.")

    async def _integrity(self, registry: str, name: str, stem: str, version: str) -> Digest:
        """What the registry says that a version's file is. Raises Elsewhere where it says nothing that counts."""
        if stem != name.rpartition("/")[2]:
            raise Elsewhere("This is not how files of the package are called.")
        url = f"{registry}{_escaped(name)}/{quote(version, safe='+')}"
        said = await asyncio.to_thread(_parsed, await self._documents.get(url, WHOLE, lasting=True))
        dist = said.get("dist") if isinstance(said, dict) else None
        digest = Digest.of_integrity(dist.get("integrity")) if isinstance(dist, dict) else None
        if digest is None:
            raise Elsewhere("The registry names no hash of it.")
        return digest

    async def _page(self, index_url: str, project: str, accept: str = INDEX) -> Document:
        """Raises Elsewhere where the client, or the index, does not know the JSON of indexes."""
        if INDEX not in accept:
            raise Elsewhere("Only pages in JSON are kept.")
        url = f"{index_url}{project}/"

        async def turn(body: bytes) -> bytes:
            async with self._turning:
                return await _turned(body, url)

        return await self._documents.get(url, INDEX, change=turn)

    async def _place(self, index_url: str, project: str, file: str) -> tuple[str, Digest]:
        """Where a file of a project is, and what the index says that it is."""
        page = await self._page(index_url, project)
        found = await asyncio.to_thread(lambda: _find_place(page.read(), file))
        if found is None:
            raise Missing
        url, sha256 = found
        digest = Digest.of_hex(sha256)
        assert digest is not None
        return url, digest

    async def _send(self, request: web.BaseRequest, url: str, digest: Digest) -> web.StreamResponse:
        if (path := await asyncio.to_thread(self._shelf.find, digest.name)) is not None:
            with self._shelf.use(digest.name, (await asyncio.to_thread(path.stat)).st_size):
                return await sending.file(request, path)
        download = self._download(url, digest)
        await download.begun()
        with self._shelf.use(digest.name, download.room):
            return await sending.growing(request, download)

    def _download(self, url: str, digest: Digest) -> Download:
        """The one that is under way, or a new one."""
        if digest.name in self._downloads:
            return self._downloads[digest.name][0]
        download = Download(self._shelf, self._source, url, digest)
        task = asyncio.create_task(download.run(), name=f"package {digest.name[:16]}")
        task.add_done_callback(lambda _: self._downloads.pop(digest.name, None))
        self._downloads[digest.name] = download, task
        return download


def _elsewhere(request: web.BaseRequest, upstreams: Upstreams) -> str:
    """Where the registry itself answers this; empty where there is none."""
    raw = request.path_qs
    if raw.startswith("/+python/simple/"):
        return upstreams.python and upstreams.python + raw.removeprefix("/+python/simple/")
    return upstreams.npm and urlsplit(upstreams.npm)._replace(path="").geturl() + raw


def _escaped(name: str) -> str:
    return quote(name, safe="@~")


def _parsed(manifest: Document) -> object:
    """Whoever publishes a package has written most of it. Raises Elsewhere."""
    with manifest.open() as file:
        text = file.read(LARGEST_MANIFEST + 1)
    if len(text) > LARGEST_MANIFEST:
        raise Elsewhere("The registry says more of it than is read.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Elsewhere("The registry does not answer in JSON.") from error


def _find_place(page: bytes, file: str) -> tuple[str, str] | None:
    """Without reading the page as a whole, which may be large; it was written here, so its notation is known."""
    begin = page.rfind(f'"{index.PLACES}":{{'.encode())
    at = page.find(json.dumps(file).encode() + b":[", begin)
    if begin < 0 or at < 0:
        return None
    pair = page[page.index(b"[", at) : page.index(b"]", at) + 1]
    url, sha256 = json.loads(pair)
    return url, sha256


async def _turned(body: bytes, url: str) -> bytes:
    """Raises Elsewhere for what is no page."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(Path(index.__file__)), url,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TURN_LIMIT):
            turned, _ = await process.communicate(body)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise Elsewhere("The page is too large.") from error
        raise
    if process.returncode:
        raise Elsewhere("The index does not answer in JSON.")
    return turned
