"""Artifacts as files below the data directory, named by their digest."""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path
from typing import BinaryIO

from ..errors import InvalidInput, NotFound, StorageFull, TooLarge
from .store import Artifact, ArtifactStore

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PIECE = 1 << 18


class FileArtifactStore(ArtifactStore):
    """`<folder>/ab/cdef…`; a file appears only when it is whole and on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, body: AsyncIterable[bytes], *, limit: int) -> Artifact:
        incoming = self._folder / "incoming"
        await asyncio.to_thread(incoming.mkdir, mode=0o700, parents=True, exist_ok=True)
        descriptor, name = await asyncio.to_thread(tempfile.mkstemp, dir=incoming)
        file, temporary = os.fdopen(descriptor, "wb"), Path(name)
        try:
            artifact = await self._receive(file, body, limit)
            await asyncio.to_thread(self._settle, file, temporary, artifact)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("There is no space left for the upload. Free some, then send it again.") from error
            raise
        finally:
            await asyncio.to_thread(_discard, file, temporary)
        return artifact

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
        path = await self.local(digest)
        file = await asyncio.to_thread(path.open, "rb")
        return _pieces(file)

    async def local(self, digest: str) -> Path:
        path = self._path(digest)
        if not await asyncio.to_thread(path.is_file):
            raise NotFound("There is no artifact of this digest.")
        return path

    async def remove(self, digest: str) -> None:
        await asyncio.to_thread(self._path(digest).unlink, missing_ok=True)

    def _path(self, digest: str) -> Path:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise InvalidInput("A digest looks like sha256: and 64 hexadecimal digits.", field="digest")
        name = match[1]
        return self._folder / name[:2] / name[2:]


def _take(file: BinaryIO, sha: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    sha.update(piece)


def _discard(file: BinaryIO, temporary: Path) -> None:
    temporary.unlink(missing_ok=True)
    # What a full disk did not take would be tried again by close.
    with contextlib.suppress(OSError):
        file.close()


async def _pieces(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
    finally:
        file.close()
