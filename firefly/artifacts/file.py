"""Artifacts as files below the data directory, named by their digest."""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import math
import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from ..errors import InvalidInput, NotFound, StorageFull, TooLarge
from .store import Artifact, ArtifactStore, Held

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PIECE = 1 << 18


class FileArtifactStore(ArtifactStore):
    """`<folder>/ab/cdef…`; a file appears only when it is whole and on the disk.

    Beside it an empty file, `cdef….<random>`, for each time that it was put: two people may send the same bytes.
    Several servers may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._lock = threading.Lock()

    async def put(self, body: AsyncIterable[bytes], *, limit: int) -> Artifact:
        file = await asyncio.to_thread(self._open)
        temporary = Path(file.name)
        try:
            artifact = await self._receive(file, body, limit)
            await self._settle_whole(file, temporary, artifact)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("There is no space left for the upload. Free some, then send it again.") from error
            raise
        finally:
            await asyncio.to_thread(_discard, file, temporary)
        return artifact

    def _open(self) -> BinaryIO:
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        os.close(descriptor)
        return open(name, "wb")

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

    async def _receive(self, file: BinaryIO, body: AsyncIterable[bytes], limit: int) -> Artifact:
        sha = hashlib.sha256()
        size = 0
        async for piece in body:
            size += len(piece)
            if size > limit:
                raise TooLarge(f"The upload is larger than {limit >> 20} MiB, the most that is taken.")
            await asyncio.to_thread(_take, file, sha, piece)
        return Artifact(f"sha256:{sha.hexdigest()}", size)

    def _settle(self, file: BinaryIO, temporary: Path, artifact: Artifact) -> None:
        file.flush()
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
        return _pieces(await self.local(digest))

    async def local(self, digest: str) -> Path:
        path = self._path(digest)
        if not await asyncio.to_thread(path.is_file):
            raise NotFound("There is no artifact of this digest.")
        return path

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
        for path in _files(self._incoming):
            if _changed_at(path) < before:
                path.unlink(missing_ok=True)
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
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise InvalidInput("A digest looks like sha256: and 64 hexadecimal digits.", field="digest")
        name = match[1]
        return self._folder / name[:2] / name[2:]


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


def _take(file: BinaryIO, sha: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    sha.update(piece)


def _discard(file: BinaryIO, temporary: Path) -> None:
    temporary.unlink(missing_ok=True)
    # What a full disk did not take would be tried again by close.
    with contextlib.suppress(OSError):
        file.close()


async def _pieces(path: Path) -> AsyncGenerator[bytes, None]:
    # Opened here, so that one that is never begun leaves nothing open.
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
    finally:
        file.close()
