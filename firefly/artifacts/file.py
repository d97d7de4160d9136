"""Artifacts as files below the data directory, named by their digest."""

import asyncio
import contextlib
import fcntl
import math
import os
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from ..errors import NotFound
from .incoming import Incoming
from .store import Artifact, ArtifactStore, Held, place_of

# Each is a trip to a thread, which for pieces of 256 KiB took most of the time.
_PIECE = 1 << 21


class FileArtifactStore(ArtifactStore):
    """`<folder>/ab/cdef…`; a file appears only when it is whole and on the disk.

    Beside it an empty file, `cdef….<random>`, for each time that it was put: two people may send the same bytes.
    Several servers may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = Incoming(folder / "incoming")
        self._lock = threading.Lock()

    async def put(self, body: AsyncIterable[bytes], *, limit: int) -> Artifact:
        async with self._incoming.receive(body, limit=limit) as received:
            await self._settle_whole(received.file, received.path, received.artifact)
        return received.artifact

    async def _settle_whole(self, file: BinaryIO, temporary: Path, artifact: Artifact) -> None:
        """Whoever is cancelled meanwhile leaves nothing that nobody would ever remove."""
        settling = asyncio.ensure_future(asyncio.to_thread(self._settle, file, temporary, artifact))
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:
            await asyncio.wait([settling])
            if settling.exception() is None:
                await self.remove(artifact.digest)
            raise

    def _settle(self, file: BinaryIO, temporary: Path, artifact: Artifact) -> None:
        os.fsync(file.fileno())
        target = self._path(artifact.digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with self._changing():
            target.with_name(f"{target.name}.{token_hex(8)}").touch(mode=0o600)
            os.replace(temporary, target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def find(self, digest: str) -> Artifact | None:
        path = self._path(digest)
        try:
            found = await asyncio.to_thread(path.stat)
        except FileNotFoundError:
            return None
        return Artifact(digest, found.st_size)

    async def read(self, digest: str) -> AsyncGenerator[bytes, None]:
        async with self.local(digest) as path:
            return _pieces(path)

    @contextlib.asynccontextmanager
    async def local(self, digest: str) -> AsyncIterator[Path]:
        path = self._path(digest)
        if not await asyncio.to_thread(path.is_file):
            raise NotFound("There is no artifact of this digest.")
        yield path

    async def remove(self, digest: str) -> None:
        await asyncio.to_thread(self._remove, self._path(digest))

    def _remove(self, path: Path) -> None:
        with self._changing():
            self._undo(path, _puts(path)[:1])

    def _undo(self, path: Path, puts: Sequence[Path]) -> int:
        """The bytes that this gives back: with its last put, all of it goes."""
        for put in puts:
            put.unlink()
        if _puts(path):
            return 0
        size = _size(path)
        path.unlink(missing_ok=True)
        return size

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else changes what is in the folder meanwhile, in this process or another."""
        with self._lock:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)

    async def puts(self, digest: str) -> int:
        return len(await asyncio.to_thread(_puts, self._path(digest)))

    async def held(self, before: datetime) -> Sequence[Held]:
        return await asyncio.to_thread(self._held, before.timestamp())

    def _held(self, before: float) -> Sequence[Held]:
        self._incoming.clear(before)
        return self._counted(before)

    async def listed(self) -> Sequence[Held]:
        return await asyncio.to_thread(self._counted, math.inf)

    def _counted(self, before: float) -> Sequence[Held]:
        puts: Counter[Path] = Counter()
        for path in _files(*self._folder.glob("??")):
            if _changed_at(path) < before:
                # A file that no put stands for counts as none.
                puts[path.with_suffix("")] += path.suffix != ""
        return [Held(f"sha256:{path.parent.name}{path.name}", count, _size(path)) for path, count in puts.items()]

    async def release(self, digest: str, *, named: int, before: datetime) -> int:
        return await asyncio.to_thread(self._release, self._path(digest), named, before.timestamp())

    def _release(self, path: Path, named: int, before: float) -> int:
        with self._changing():
            puts = [put for put in _puts(path) if _changed_at(put) < before]
            return self._undo(path, puts[: max(0, len(puts) - named)])

    def _path(self, digest: str) -> Path:
        return self._folder.joinpath(*place_of(digest))


def _puts(path: Path) -> list[Path]:
    """Those of one artifact, the oldest first."""
    return sorted(path.parent.glob(f"{path.name}.*"), key=_changed_at)


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            yield from [Path(entry.path) for entry in entries]


def _changed_at(path: Path) -> float:
    """Since the epoch; of what has gone meanwhile, never."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _pieces(path: Path) -> AsyncGenerator[bytes, None]:
    # Opened here, so that one that is never begun leaves nothing open.
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
    finally:
        file.close()
