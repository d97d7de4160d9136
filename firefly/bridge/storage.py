"""Reading and writing single files so that nothing half-written is ever seen and nothing acknowledged is lost."""

import contextlib
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from firefly.bridge.annex import Annex
from firefly.bridge.workspace import Place, Workspace, os_errors
from firefly.errors import Conflict, NotFound, StorageFull, TooLarge, VersionConflict
from firefly.protocol.files import Written

HASHED = 16 << 20
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class AnyVersion:
    """Write whatever is there now."""


ANY = AnyVersion()
Expected = str | None | AnyVersion


class Storage:
    """All methods block; call them in a thread. The caller keeps two writes of one path apart."""

    def __init__(self, workspace: Workspace, annex: Annex) -> None:
        self._workspace = workspace
        self._annex = annex
        # From the last look at a version to the change that it allows. Callers keep paths apart, but by links one
        # file has many.
        self._deciding = threading.Lock()

    def open(self, path: str) -> tuple[BinaryIO, os.stat_result]:
        """A regular file for reading, for the caller to close; Conflict for a folder, a device, a socket."""
        descriptor = self._workspace.open(path)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                what = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
                raise Conflict(f"{path or 'The workspace'} is {what}.", path=path)
        except BaseException:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "rb", buffering=0), status

    @contextmanager
    def opened(self, path: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
        """As `open`, closed at the end."""
        file, status = self.open(path)
        with file:
            yield file, status

    def read(self, path: str, *, limit: int) -> tuple[bytes, str]:
        """Contents and version; TooLarge beyond `limit` bytes."""
        with self.opened(path) as (file, status):
            if status.st_size > limit:
                size, most = status.st_size >> 20, limit >> 20
                raise TooLarge(f"{path} has {size} MiB; at most {most} MiB can be opened here.", path=path)
            data = file.read(limit + 1)
        return data, version_of(data, status)

    def names(self, path: str, *, most: int) -> list[str]:
        """Of what lies in a folder, some `most` of them, in no order."""
        with self._workspace.folder(path) as descriptor, os.scandir(descriptor) as entries:
            return [entry.name for entry in islice(entries, most)]

    def version(self, path: str) -> str:
        with self.opened(path) as (file, status):
            return version_of(file.read(HASHED) if status.st_size <= HASHED else b"", status)

    def write(self, path: str, blocks: Iterable[bytes], *, expected: Expected = ANY) -> Written:
        """Replace or create `path` in one step. VersionConflict when it is not `expected` (None: must not exist).

        The bytes go to a file elsewhere and to the disk first, so a full disk or a crash keeps the old contents.
        """
        with self._workspace.place(path, create_folders=True, follow=True) as place:
            mode = self._check(place, expected)
            with self._temporary(place, mode) as (folder, name, file):
                digest, size = _fill(file, blocks, path)
                status = os.fstat(file.fileno())
                with self._deciding, os_errors(path):
                    self._check(place, expected)
                    _move(folder, name, place)
                with os_errors(path):
                    os.fsync(place.folder)
        return Written(version=digest if size <= HASHED else _stat_version(status), size=size)

    def remove(self, path: str, *, expected: Expected = ANY) -> str:
        """Move `path` to where it can be brought back from; returns the token."""
        with self._deciding:
            if expected is not ANY:
                with self._workspace.place(path) as place:
                    self._check(place, expected)
            return self._annex.discard(path)

    def _check(self, place: Place, expected: Expected) -> int:
        """The permission bits for the new file, when what is at `place` may be replaced."""
        try:
            status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
        except FileNotFoundError:
            if isinstance(expected, str):
                raise NotFound(f"{place.path} was deleted.", path=place.path) from None
            return 0o666
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
            raise Conflict(f"{place.path} is a folder or no ordinary file.", path=place.path)
        if not isinstance(expected, AnyVersion) and (now := self.version(place.path)) != expected:
            raise VersionConflict(f"{place.path} was changed by someone else.", path=place.path, version=now)
        return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else 0o666

    @contextmanager
    def _temporary(self, place: Place, mode: int) -> Iterator[tuple[int, str, BinaryIO]]:
        name = f"{secrets.token_hex(8)}.tmp"
        with self._annex.temporary() as folder, os_errors(place.path):
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode, dir_fd=folder)
            if mode != 0o666:
                os.fchmod(descriptor, mode)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                try:
                    yield folder, name, file
                finally:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=folder)


def with_room(annex: Annex, action: Callable[[], Written]) -> Written:
    """Run `action`; on a full disk give up what was deleted lately and try once more."""
    try:
        return action()
    except StorageFull:
        if annex.sweep(everything=True) == 0:
            raise
        return action()


def version_of(data: bytes, status: os.stat_result) -> str:
    """Of small files the hash of the contents, so that rewriting the same is no change; else size and time."""
    return _hash(data).hexdigest() if status.st_size <= HASHED else _stat_version(status)


def _stat_version(status: os.stat_result) -> str:
    return f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"


def _hash(data: bytes = b"") -> "hashlib.blake2b":
    return hashlib.blake2b(data, digest_size=16)


def _fill(file: BinaryIO, blocks: Iterable[bytes], path: str) -> tuple[str, int]:
    digest, size = _hash(), 0
    for block in blocks:
        digest.update(block)
        view = memoryview(block)
        with os_errors(path):
            while view:
                written = file.write(view)
                size, view = size + written, view[written:]
    with os_errors(path):
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _move(folder: int, name: str, place: Place) -> None:
    os.rename(name, place.name, src_dir_fd=folder, dst_dir_fd=place.folder)
