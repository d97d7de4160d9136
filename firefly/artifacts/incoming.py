"""What is on its way into a store, or out of one: files of this machine that go when nobody needs them any more."""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import DISK_FULL, StorageFull, TooLarge
from .store import Artifact


@dataclass(frozen=True, slots=True)
class Received:
    """A whole body, in a file that goes with the block it was made for unless somebody moves it away."""

    file: BinaryIO
    artifact: Artifact

    @property
    def path(self) -> Path:
        return Path(self.file.name)


class Incoming:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def receive(self, body: AsyncIterable[bytes], *, limit: int) -> AsyncIterator[Received]:
        """Raises TooLarge beyond `limit` bytes, StorageFull, in the block too."""
        async with self.file() as file:
            artifact = await _take_all(file, body, limit)
            await asyncio.to_thread(file.flush)
            yield Received(file, artifact)

    @asynccontextmanager
    async def file(self) -> AsyncIterator[BinaryIO]:
        """An empty one, to be written. Raises StorageFull, in the block too."""
        file = await asyncio.to_thread(self._open)
        try:
            yield file
        except OSError as error:
            if error.errno in DISK_FULL:
                raise StorageFull("There is no space left for the upload. Free some, then send it again.") from error
            raise
        finally:
            await asyncio.to_thread(_discard, file)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        os.close(descriptor)
        return open(name, "wb")

    def clear(self, before: float) -> None:
        """Remove what a server that was killed has left; `before`: seconds since the epoch."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.stat().st_mtime < before:
                        os.unlink(entry)


async def _take_all(file: BinaryIO, body: AsyncIterable[bytes], limit: int) -> Artifact:
    sha = hashlib.sha256()
    size = 0
    async for piece in body:
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The upload is larger than {limit >> 20} MiB, the most that is taken.")
        await asyncio.to_thread(take, file, sha, piece)
    return Artifact(f"sha256:{sha.hexdigest()}", size)


def take(file: BinaryIO, sha: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    sha.update(piece)


def _discard(file: BinaryIO) -> None:
    Path(file.name).unlink(missing_ok=True)
    # What a full disk did not take would be tried again by close.
    with contextlib.suppress(OSError):
        file.close()
