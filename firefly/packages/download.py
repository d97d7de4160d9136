"""A file on its way from a registry to the shelf, which those who wait for it read as it grows."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Hashable
from pathlib import Path
from typing import BinaryIO

import aiohttp
import structlog

from .digest import Digest
from .shelf import Full, Shelf
from .source import BLOCK, Source, pieces

log = structlog.get_logger()


class Elsewhere(Exception):
    """The cache cannot serve it: whoever asks had better ask the registry."""


class Download:
    """`size` is known once `begun` was waited for; None where the registry does not say.

    `visitor` is the sandbox that asked first.
    """

    def __init__(self, shelf: Shelf, source: Source, url: str, digest: Digest, visitor: Hashable) -> None:
        self.size: int | None = None
        self._shelf = shelf
        self._source = source
        self._url = url
        self._digest = digest
        self._visitor = visitor
        self._path = Path()
        self._written = 0
        self._begun = False
        self._over = False
        self._failure = ""
        self._changed = asyncio.Event()

    @property
    def room(self) -> int:
        """Bytes that it may take up."""
        return self._shelf.largest if self.size is None else self.size

    async def run(self) -> None:
        """To its end, whatever that is; raises nothing but what cancels it."""
        try:
            await self._receive()
        # Which a sandbox can bring about as often as it likes: it is not to fill the log.
        except (Elsewhere, Full) as error:
            self._failure = str(error)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._failure = str(error) or type(error).__name__
            log.warning("packages.not_received", url=self._url, reason=self._failure)
        except BaseException:
            self._failure = "The server stops."
            raise
        finally:
            self._over = True
            self._tell()

    async def begun(self) -> None:
        """Return when something can be read. Raises Elsewhere where nothing came."""
        while not self._begun and not self._over:
            await self._changed.wait()
        if not self._begun:
            raise Elsewhere(self._failure)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All of it, at the pace of its coming. Raises Elsewhere where it breaks off, or is not what it should be."""
        with await asyncio.to_thread(self._open) as file:
            read = 0
            while True:
                while read < self._written and (piece := await asyncio.to_thread(file.read, BLOCK)):
                    read += len(piece)
                    yield piece
                if self._over and read >= self._written:
                    break
                await self._changed.wait()
        if self._failure:
            raise Elsewhere(self._failure)

    def _open(self) -> BinaryIO:
        while True:
            try:
                return self._path.open("rb")
            except FileNotFoundError:
                # It has just got its name.
                if self._failure:
                    raise Elsewhere(self._failure) from None

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _receive(self) -> None:
        async with self._source.get(self._url, {"Accept-Encoding": "identity"}, self._visitor) as response:
            if response.status != 200:
                raise Elsewhere(f"The registry answered {response.status}.")
            self.size = response.content_length
            if (self.size or 0) > self._shelf.largest:
                raise Elsewhere("It is larger than what is kept.")
            with self._shelf.use(self._digest.name, self.room, self._visitor):
                await self._keep(response)

    async def _keep(self, response: aiohttp.ClientResponse) -> None:
        file = await asyncio.to_thread(self._shelf.receive)
        self._path = Path(file.name)
        try:
            with file:
                self._begun = True
                await self._copy(response, file)
            self._path = await asyncio.to_thread(self._shelf.put, self._path, self._digest.name)
        except BaseException:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            raise

    async def _copy(self, response: aiohttp.ClientResponse, file: BinaryIO) -> None:
        """Raises Elsewhere for what the registry itself says is something else."""
        found = hashlib.new(self._digest.algorithm)

        def take(piece: bytes) -> None:
            file.write(piece)
            file.flush()
            found.update(piece)

        async for piece in pieces(response):
            await asyncio.to_thread(take, piece)
            self._written += len(piece)
            if self._written > self.room:
                raise Elsewhere("It is larger than what is kept.")
            self._tell()
        if found.hexdigest() != self._digest.value:
            log.warning("packages.not_as_named", url=self._url, digest=self._digest.name)
            raise Elsewhere("Its hash is not the one that the registry names.")
