"""Pages of a Python index: turned by a process of their own, since they are up to megabytes of JSON, and kept."""

import asyncio
import json
import mmap
import subprocess
import sys
from collections.abc import Hashable
from types import ModuleType

from ..rota import Rota
from ..spawning import spawn
from . import index, release
from .digest import Digest
from .documents import WITHIN, Document, Documents, Missing
from .download import Elsewhere
from .source import WAITING

KIND = "application/vnd.pypi.simple.v1+json"
# Seconds in which a page is turned, and how many are at a time, of all sandboxes and of one.
TURN_LIMIT, TURNS, TURNS_EACH = 60.0, 4, 3


class Pages:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._turning = Rota(TURNS, each=TURNS_EACH, waiting=WAITING, within=WITHIN)

    async def get(self, url: str, visitor: Hashable, *, moved: bool, lasting: bool = False) -> Document:
        """`url` is that of a project in an index; `moved`: its files are asked for here.

        `visitor` is the sandbox that asks. Raises Elsewhere, Missing, Crowded, as the others do.
        """

        async def turn(body: bytes) -> bytes:
            async with self._turning.turn(visitor):
                return await _run(index, body, url, *(["moved"] if moved else []))

        variant = "" if moved else "unmoved "
        return await self._documents.get(url, KIND, visitor, change=turn, variant=variant, lasting=lasting)

    async def place(self, url: str, file: str, visitor: Hashable, *, moved: bool) -> tuple[str, Digest]:
        """Where a file of a project is, and what the index says that it is."""
        # What a file is never changes: an index is asked again only for one that it did not have.
        for lasting in (True, False):
            page = await self.get(url, visitor, moved=moved, lasting=lasting)
            if found := await asyncio.to_thread(_find_place, page, file):
                digest = Digest.of_hex(found[1])
                assert digest is not None
                return found[0], digest
        raise Missing

    async def release(self, url: str, project: str, version: str, visitor: Hashable) -> bytes:
        """What PyPI tells of one release, in JSON."""
        for lasting in (True, False):
            page = await self.get(url, visitor, moved=False, lasting=lasting)
            # No more of them are in memory than have their turn.
            async with self._turning.turn(visitor):
                told = await _run(release, await asyncio.to_thread(page.read), project, version)
            if told:
                return told
        raise Missing


def _find_place(document: Document, file: str) -> tuple[str, str] | None:
    """Without taking the page apart or into memory, since it may be large; it was written here, in a known notation."""
    with document.open() as kept, mmap.mmap(kept.fileno(), 0, access=mmap.ACCESS_READ) as page:
        begin = page.rfind(f'"{index.PLACES}":{{'.encode())
        at = page.find(json.dumps(file).encode() + b":[", begin)
        if begin < 0 or at < 0:
            return None
        url, sha256 = json.loads(page[page.find(b"[", at) : page.find(b"]", at) + 1])
    return url, sha256


async def _run(program: ModuleType, page: bytes, *arguments: str) -> bytes:
    """Raises Elsewhere for what is no page."""
    process = await spawn(
        sys.executable, "-I", "-S", str(program.__file__), *arguments,
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
