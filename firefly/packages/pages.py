"""Pages of a Python index: turned by a process of their own, since they are up to megabytes of JSON, and kept."""

import asyncio
import json
import subprocess
import sys
from types import ModuleType

from ..spawning import spawn
from . import index, release
from .digest import Digest
from .documents import Document, Documents, Missing
from .download import Elsewhere

KIND = "application/vnd.pypi.simple.v1+json"
# Seconds in which a page is turned, and how many are at a time.
TURN_LIMIT, TURNS = 60.0, 4


class Pages:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._turning = asyncio.Semaphore(TURNS)

    async def get(self, url: str, *, moved: bool, lasting: bool = False) -> Document:
        """`url` is that of a project in an index; `moved`: its files are asked for here. Raises Elsewhere, Missing."""

        async def turn(body: bytes) -> bytes:
            return await self._made(index, body, url, *(["moved"] if moved else []))

        return await self._documents.get(url, KIND, change=turn, variant="" if moved else "unmoved ", lasting=lasting)

    async def place(self, url: str, file: str, *, moved: bool) -> tuple[str, Digest]:
        """Where a file of a project is, and what the index says that it is. Raises Elsewhere, Missing."""
        # What a file is never changes: an index is asked again only for one that it did not have.
        for lasting in (True, False):
            page = await self.get(url, moved=moved, lasting=lasting)
            if found := await asyncio.to_thread(_find_place, page, file):
                digest = Digest.of_hex(found[1])
                assert digest is not None
                return found[0], digest
        raise Missing

    async def release(self, url: str, project: str, version: str) -> bytes:
        """What PyPI tells of one release, in JSON. Raises Elsewhere, Missing."""
        for lasting in (True, False):
            page = await self.get(url, moved=False, lasting=lasting)
            if told := await self._made(release, await asyncio.to_thread(page.read), project, version):
                return told
        raise Missing

    async def _made(self, program: ModuleType, page: bytes, *arguments: str) -> bytes:
        async with self._turning:
            return await _run(str(program.__file__), page, *arguments)


def _find_place(document: Document, file: str) -> tuple[str, str] | None:
    """Without taking the page apart, which may be large; it was written here, so its notation is known."""
    page = document.read()
    begin = page.rfind(f'"{index.PLACES}":{{'.encode())
    at = page.find(json.dumps(file).encode() + b":[", begin)
    if begin < 0 or at < 0:
        return None
    pair = page[page.index(b"[", at) : page.index(b"]", at) + 1]
    url, sha256 = json.loads(pair)
    return url, sha256


async def _run(program: str, page: bytes, *arguments: str) -> bytes:
    """Raises Elsewhere for what is no page."""
    process = await spawn(
        sys.executable, "-I", "-S", program, *arguments,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TURN_LIMIT):
            made, _ = await process.communicate(page)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise Elsewhere("The page is too large.") from error
        raise
    if process.returncode:
        raise Elsewhere("The index does not answer in JSON.")
    return made
