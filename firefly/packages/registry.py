"""What package tools ask for, answered from this machine where it can be.

Who was told of the cache, as npm and pip are, is sent on to the registry for all else. Who means a public registry, and
was led here by a proxy that stands for it, has all else passed on that can be read without anybody's credentials.

    GET /+upstreams    JSON: where this has packages from
    GET /+papers       JSON: what lets a proxy stand for the public registries, see `Papers`

Nothing that a client sends is kept, and none of its credentials go anywhere: what is served is what anybody gets, and
files are what the registry's own word says they are.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import asdict
from functools import partial
from urllib.parse import quote, urlsplit

from aiohttp import web

from ..rota import Crowded, Rota
from ..weighing import MOST_VALUES, values_in
from . import asked, papers, sending
from .asked import Asked, File, Kind, Package, Page, Release, Tarball, Told
from .digest import Digest
from .documents import Change, Document, Documents, Missing
from .download import Download, Elsewhere
from .pages import KIND as INDEX
from .pages import Pages
from .shelf import Full, Shelf
from .source import Source
from .upstream import Upstreams

UPSTREAMS, PAPERS = "/+upstreams", "/+papers"
ABBREVIATED, WHOLE, HTML = "application/vnd.npm.install-v1+json", "application/json", "text/html"
# Of a path, in bytes, and of what a registry says of one version: far beyond any that is published.
LONGEST_PATH, LARGEST_MANIFEST = 1024, 4 << 20
# How much is passed on at a time that is not kept: to one sandbox, which may read slowly, and to all.
PASSED, PASSED_TO_ALL, PASSED_WITHIN = 4, 64, 300.0


class Registry:
    def __init__(self, shelf: Shelf, find: Callable[[], Awaitable[Upstreams]]) -> None:
        """`find` is asked when the first client comes."""
        self._shelf = shelf
        self._find = find
        self._finding = asyncio.Lock()
        self._upstreams: Upstreams | None = None
        self._source = Source()
        # Of its own, so that nobody who reads slowly keeps those waiting who ask for what is kept.
        self._passed = Source(at_once=PASSED_TO_ALL, each=PASSED, within=PASSED_WITHIN)
        self._documents = Documents(shelf, self._source)
        self._pages = Pages(self._documents)
        # Each keeps a thread busy.
        self._papers = Rota(2, each=1, waiting=16, within=30)
        self._downloads: dict[str, tuple[Download, asyncio.Task[None]]] = {}

    async def close(self) -> None:
        tasks = [task for _, task in self._downloads.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._documents.close()
        await self._source.close()
        await self._passed.close()

    def visitor(self, visitor: Hashable) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        """What answers one sandbox."""
        return partial(self._answer, visitor)

    async def _answer(self, visitor: Hashable, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._find_answer(visitor, request)
        except Crowded as error:
            told = f"The cache of packages has too many questions of this sandbox: {error} Ask again."
            return web.json_response({"error": told}, status=429, headers={"Retry-After": "2"})

    async def _find_answer(self, visitor: Hashable, request: web.BaseRequest) -> web.StreamResponse:
        """Raises Crowded."""
        upstreams = await self._known()
        hosts = asked.hosts(upstreams)
        if kind := hosts.get(request.host.removesuffix(":443")):
            return await self._stand_for(request, kind, upstreams, visitor)
        if request.path == UPSTREAMS:
            return web.json_response(asdict(upstreams))
        if request.path == PAPERS:
            if not hosts:
                return web.json_response({"error": "This machine knows no registry."}, status=404)
            async with self._papers.turn(visitor):
                made = await asyncio.to_thread(papers.make, tuple(hosts))
            return web.Response(text=made.model_dump_json(), content_type=WHOLE)
        return await self._serve(request, upstreams, visitor)

    async def _known(self) -> Upstreams:
        async with self._finding:
            if self._upstreams is None:
                self._upstreams = await self._find()
        return self._upstreams

    async def _serve(self, request: web.BaseRequest, upstreams: Upstreams, visitor: Hashable) -> web.StreamResponse:
        """To who was told of the cache."""
        try:
            found = asked.by_path(_kept_path(request), upstreams)
            if isinstance(found, Page) and INDEX not in request.headers.get("Accept", ""):
                raise Elsewhere("Only pages in JSON are kept.")
            return await self._give(request, found, upstreams, visitor, moved=True)
        except Missing:
            return web.json_response({"error": "not found"}, status=404)
        except (Elsewhere, Full):
            if not (elsewhere := _elsewhere(request, upstreams)):
                return web.json_response({"error": "This machine knows no registry."}, status=404)
            return web.Response(status=307, headers={"Location": elsewhere})

    async def _stand_for(
        self, request: web.BaseRequest, kind: Kind, upstreams: Upstreams, visitor: Hashable
    ) -> web.StreamResponse:
        """To who means a public registry."""
        if request.method != "GET":
            return web.json_response({"error": "Only what is read comes through the cache of packages."}, status=405)
        try:
            found = asked.by_host(kind, _kept_path(request))
            return await self._give(request, found, upstreams, visitor, moved=False)
        except (Missing, Elsewhere, Full) as error:
            # A lock file may name what its index no longer does.
            is_there = kind is Kind.FILES or not isinstance(error, Missing)
            elsewhere = asked.public(kind, request.host, request.path_qs, upstreams) if is_there else ""
            if not elsewhere:
                return web.json_response({"error": str(error) or "not found"}, status=404)
            return await sending.passed(request, self._passed, elsewhere, visitor)

    async def _give(
        self, request: web.BaseRequest, found: Asked | None, upstreams: Upstreams, visitor: Hashable, *, moved: bool
    ) -> web.StreamResponse:
        """`moved`: the client asks here for what it finds in documents. Raises Missing, Elsewhere, Full, Crowded."""
        accept = request.headers.get("Accept", "")
        # What an operator's registry says of its files is said of the public one, so that lock files hold elsewhere.
        renamed = None if moved or upstreams.npm == asked.PUBLIC_NPM else partial(_renamed, upstreams.npm)
        match found:
            case Package(name):
                url, kind = upstreams.npm + _escaped(name), ABBREVIATED if ABBREVIATED in accept else WHOLE
                return await sending.document(request, await self._described(url, kind, visitor, renamed))
            case Release(name, version):
                url = _release(upstreams.npm, name, version)
                described = await self._described(url, WHOLE, visitor, renamed, lasting=version[0].isdigit())
                return await sending.document(request, described)
            case Tarball(name, stem, version):
                digest = await self._integrity(upstreams.npm, name, stem, version, visitor)
                return await self._send(request, f"{upstreams.npm}{name}/-/{stem}-{version}.tgz", digest, visitor)
            case Page(project) if INDEX in accept:
                page = await self._pages.get(f"{upstreams.python}{project}/", visitor, moved=moved)
                return await sending.document(request, page)
            case Page(project):
                page = await self._documents.get(f"{upstreams.python}{project}/", HTML, visitor)
                return await sending.document(request, page)
            case Told(project, version):
                return await self._tell(request, upstreams.python, project, version, visitor)
            case File(project, name):
                place = await self._pages.place(f"{upstreams.python}{project}/", name, visitor, moved=moved)
                return await self._send(request, *place, visitor)
        raise Elsewhere("This is nothing that is kept.")

    async def _tell(
        self, request: web.BaseRequest, index: str, project: str, version: str, visitor: Hashable
    ) -> web.StreamResponse:
        """In PyPI's own words, or in ours where that says nothing or another index is asked."""
        if index == asked.PUBLIC_INDEX:
            url = f"{asked.PUBLIC_HOME}pypi/{project}/{version}/json"
            with contextlib.suppress(Missing, Elsewhere):
                return await sending.document(request, await self._documents.get(url, WHOLE, visitor))
        told = await self._pages.release(f"{index}{project}/", project, version, visitor)
        return web.Response(body=told, content_type=WHOLE)

    async def _described(
        self, url: str, accept: str, visitor: Hashable, renamed: Change | None, *, lasting: bool = False
    ) -> Document:
        variant = "renamed " if renamed else ""
        return await self._documents.get(url, accept, visitor, lasting=lasting, change=renamed, variant=variant)

    async def _integrity(self, registry: str, name: str, stem: str, version: str, visitor: Hashable) -> Digest:
        """What the registry says that a version's file is. Raises Elsewhere where it says nothing that counts."""
        if stem != name.rpartition("/")[2]:
            raise Elsewhere("This is not how files of the package are called.")
        manifest = await self._documents.get(_release(registry, name, version), WHOLE, visitor, lasting=True)
        said = await asyncio.to_thread(_parsed, manifest)
        dist = said.get("dist") if isinstance(said, dict) else None
        digest = Digest.of_integrity(dist.get("integrity")) if isinstance(dist, dict) else None
        if digest is None:
            raise Elsewhere("The registry names no hash of it.")
        return digest

    async def _send(self, request: web.BaseRequest, url: str, digest: Digest, visitor: Hashable) -> web.StreamResponse:
        if (path := await asyncio.to_thread(self._shelf.find, digest.name)) is not None:
            with self._shelf.use(digest.name, (await asyncio.to_thread(path.stat)).st_size, visitor):
                return await sending.file(request, path)
        download = self._download(url, digest, visitor)
        await download.begun()
        with self._shelf.use(digest.name, download.room, visitor):
            return await sending.growing(request, download)

    def _download(self, url: str, digest: Digest, visitor: Hashable) -> Download:
        """The one that is under way, or a new one."""
        if digest.name in self._downloads:
            return self._downloads[digest.name][0]
        download = Download(self._shelf, self._source, url, digest, visitor)
        task = asyncio.create_task(download.run(), name=f"package {digest.name[:16]}")
        task.add_done_callback(lambda _: self._downloads.pop(digest.name, None))
        self._downloads[digest.name] = download, task
        return download


def _kept_path(request: web.BaseRequest) -> str:
    """Raises Elsewhere."""
    if request.method != "GET" or request.query_string or len(request.path) > LONGEST_PATH:
        raise Elsewhere("Only what is read by its path is kept.")
    return request.path


def _elsewhere(request: web.BaseRequest, upstreams: Upstreams) -> str:
    """Where the registry itself answers this; empty where there is none."""
    raw = request.path_qs
    if raw.startswith("/+python/simple/"):
        return upstreams.python and upstreams.python + raw.removeprefix("/+python/simple/")
    return upstreams.npm and urlsplit(upstreams.npm)._replace(path="").geturl() + raw


def _escaped(name: str) -> str:
    return quote(name, safe="@~")


def _release(registry: str, name: str, version: str) -> str:
    return f"{registry}{_escaped(name)}/{quote(version, safe='+')}"


async def _renamed(registry: str, document: bytes) -> bytes:
    return document.replace(registry.encode(), asked.PUBLIC_NPM.encode())


def _parsed(manifest: Document) -> object:
    """Whoever publishes a package has written most of it. Raises Elsewhere."""
    with manifest.open() as file:
        text = file.read(LARGEST_MANIFEST + 1)
    if len(text) > LARGEST_MANIFEST or values_in(text) > MOST_VALUES:
        raise Elsewhere("The registry says more of it than is read.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Elsewhere("The registry does not answer in JSON.") from error
