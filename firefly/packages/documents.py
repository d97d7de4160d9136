"""What registries say of packages: asked again after some minutes, and the last word where they do not answer."""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

import aiohttp
import structlog

from ..rota import Crowded, Rota
from .download import Elsewhere
from .shelf import Shelf
from .source import WAITING, Source, pieces

# Seconds for which nobody is asked again, as registries themselves tell their clients.
FRESH = 300.0
LARGEST = 64 << 20
# Seconds in which all of it has to come.
LIMIT = 300.0
# Of those that are changed as they come, and of one sandbox's: in memory, where they may wait for it longer than they
# took to come. For so many seconds others wait for it.
CHANGED, CHANGED_EACH, WITHIN = 16, 12, 60.0
log = structlog.get_logger()

Change = Callable[[bytes], Awaitable[bytes]]


class Missing(Exception):
    """The registry has no such package."""


@dataclass(frozen=True, slots=True)
class Document:
    """`tag` is what the registry calls this version of it."""

    path: Path
    kind: str
    tag: str

    def open(self) -> BinaryIO:
        """Where its text begins; blocks. Raises Elsewhere where it has just made room for others."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError as error:
            raise Elsewhere("It is not kept any more.") from error
        file.readline()
        return file

    def read(self) -> bytes:
        """All of it; blocks. Raises Elsewhere."""
        with self.open() as file:
            return file.read()


class Documents:
    def __init__(self, shelf: Shelf, source: Source) -> None:
        self._shelf = shelf
        self._source = source
        self._asking: dict[tuple[str, Hashable], asyncio.Task[Document]] = {}
        self._changing = Rota(CHANGED, each=CHANGED_EACH, waiting=WAITING, within=WITHIN)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def get(
        self,
        url: str,
        accept: str,
        visitor: Hashable,
        *,
        lasting: bool = False,
        change: Change | None = None,
        variant: str = "",
    ) -> Document:
        """What the registry says there, kept as `change` makes it. `lasting`: it never says anything else there.

        `visitor` is the sandbox that asks, `variant` a name of the change. Raises Missing, and where there is no
        earlier word Elsewhere if the registry does not answer, Crowded if there is no turn for it.
        """
        name = "document-" + hashlib.sha256(f"{variant}{accept} {url}".encode()).hexdigest()
        kept, age = await asyncio.to_thread(self._read, name)
        if kept is not None and (lasting or age < FRESH):
            return kept
        # Several who want the same wait for one answer; nobody who goes away takes it from the others.
        # Whoever has to have a turn for it waits for his own.
        key = name, visitor if change else None
        if (task := self._asking.get(key)) is None:
            task = self._asking[key] = asyncio.create_task(self._ask(name, url, accept, visitor, kept, change))
            task.add_done_callback(partial(self._over, key))
        try:
            return await asyncio.shield(task)
        except (Elsewhere, Crowded):
            if kept is None:
                raise
            return kept

    def _over(self, key: tuple[str, Hashable], task: "asyncio.Task[Document]") -> None:
        """What it failed with is told to those who still wait, and to nobody where nobody does."""
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()

    async def _ask(
        self, name: str, url: str, accept: str, visitor: Hashable, kept: Document | None, change: Change | None
    ) -> Document:
        if change is None:
            return await self._ask_now(name, url, accept, visitor, kept, None)
        async with self._changing.turn(visitor), self._locks.setdefault(name, asyncio.Lock()):
            # Another sandbox may have had its turn before.
            kept, age = await asyncio.to_thread(self._read, name)
            if kept is not None and age < FRESH:
                return kept
            return await self._ask_now(name, url, accept, visitor, kept, change)

    async def _ask_now(
        self, name: str, url: str, accept: str, visitor: Hashable, kept: Document | None, change: Change | None
    ) -> Document:
        headers = {"Accept": accept} | ({"If-None-Match": kept.tag} if kept and kept.tag else {})
        try:
            async with self._source.get(url, headers, visitor) as response, asyncio.timeout(LIMIT):
                if response.status == 304 and kept is not None:
                    await asyncio.to_thread(self._confirm, name)
                    return kept
                if response.status in {404, 410}:
                    raise Missing
                if response.status != 200:
                    raise Elsewhere(f"The registry answered {response.status}.")
                body = await _whole(response)
                kind, tag = response.content_type, _tag(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("packages.unasked", url=url, reason=str(error) or type(error).__name__)
            raise Elsewhere(str(error)) from error
        body = await change(body) if change else body
        try:
            return await asyncio.to_thread(self._write, name, body, kind, tag)
        except OSError as error:
            log.warning("packages.not_kept", url=url, reason=str(error))
            raise Elsewhere(str(error)) from error

    def _read(self, name: str) -> tuple[Document | None, float]:
        """With its age in seconds."""
        try:
            path = self._shelf.find(name)
            if path is None:
                return None, 0
            with path.open("rb") as file:
                kind, tag = json.loads(file.readline())
                age = time.time() - os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None, 0
        return Document(path, kind, tag), age

    def _write(self, name: str, body: bytes, kind: str, tag: str) -> Document:
        with self._shelf.receive() as file:
            file.write(json.dumps([kind, tag]).encode() + b"\n")
            file.write(body)
        return Document(self._shelf.put(Path(file.name), name), kind, tag)

    def _confirm(self, name: str) -> None:
        if (path := self._shelf.find(name)) is not None:
            os.utime(path)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in pieces(response):
        body += piece
        if len(body) > LARGEST:
            raise Elsewhere("The registry says more than is kept.")
    return bytes(body)


def _tag(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("ETag", "")[:512]
