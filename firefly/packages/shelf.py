"""Files on this machine's disk, named by what they are: as many as there is room for, the longest unused go first.

    <folder>/files/ab/sha512-abcd…    a package, by its hash
    <folder>/files/ef/document-efab…  what a registry said, by the URL that it said it at
    <folder>/incoming/…               what is being received

`mtime` is when a file came or was confirmed, `atime` when it was used; both are set here, whatever the mount says.
"""

import asyncio
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import structlog

# What is left of the limit where it was reached, so that not every file makes room for itself.
REST = 0.9
# A use is noted once in so many seconds.
NOTED = 600.0
# What has not grown for so many seconds is nobody's any more.
ABANDONED = 3600.0
log = structlog.get_logger()


class Full(Exception):
    """More is received and sent than there may be on the disk beside what is kept."""


class Shelf:
    def __init__(self, folder: Path, limit: int) -> None:
        self._files = folder / "files"
        self._incoming = folder / "incoming"
        self._changing = threading.Lock()
        self._size = 0
        self._users: Counter[tuple[str, Hashable]] = Counter()
        self._used: dict[tuple[str, Hashable], int] = {}
        self.limit = limit

    @property
    def largest(self) -> int:
        """Bytes that a single file may have."""
        return self.limit // 4

    async def open(self) -> None:
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        for folder in (self._files, self._incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for found, path in _there(self._incoming.iterdir()):
            # A server that is about to go may still be receiving the others.
            if found.st_mtime < time.time() - ABANDONED:
                path.unlink(missing_ok=True)
        self._size = sum(found.st_size for found, _ in self._all())
        self._make_room()

    def find(self, name: str) -> Path | None:
        """Notes that it is used. Blocks."""
        path = self._path(name)
        try:
            found = path.stat()
            now = time.time()
            if now - found.st_atime > NOTED:
                os.utime(path, (now, found.st_mtime))
        except FileNotFoundError:
            return None
        return path

    @contextmanager
    def use(self, name: str, size: int, visitor: Hashable) -> Iterator[None]:
        """While it is received or sent, by however many: it lies on the disk then even if it has gone from the shelf.

        For one thread. Raises Full, also for what is more than half of all by one sandbox.
        """
        if (key := (name, visitor)) not in self._used:
            self._check(name, size, visitor)
        self._used.setdefault(key, size)
        self._users[key] += 1
        try:
            yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._used[key]

    def _check(self, name: str, size: int, visitor: Hashable) -> None:
        """Raises Full."""
        if size + sum(one for (_, who), one in self._used.items() if who == visitor) > self.limit // 2:
            raise Full("Too much of this sandbox's is under way.")
        # What several use lies there once.
        others = {other: one for (other, _), one in self._used.items()}
        if name not in others and sum(others.values()) + size > self.limit:
            raise Full("Too much is under way.")

    def receive(self) -> BinaryIO:
        """A file that is nobody's yet: `put` gives it a name, or its owner removes it."""
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        os.close(descriptor)
        return open(name, "wb")

    def put(self, temporary: Path, name: str) -> Path:
        """Name what was received, in place of what had the name. Blocks; whoever has it open goes on reading."""
        path = self._path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        size = temporary.stat().st_size
        with self._changing:
            before = path.stat().st_size if path.exists() else 0
            os.replace(temporary, path)
            self._size += size - before
        if self._size > self.limit:
            self._make_room()
        return path

    def _make_room(self) -> None:
        with self._changing:
            found = sorted(self._all(), key=lambda item: item[0].st_atime)
            self._size = sum(status.st_size for status, _ in found)
            if self._size <= self.limit:
                return
            for status, path in found:
                if self._size <= self.limit * REST:
                    break
                path.unlink(missing_ok=True)
                self._size -= status.st_size
        log.info("packages.made_room", size=self._size)

    def _all(self) -> list[tuple[os.stat_result, Path]]:
        return list(_there(self._files.glob("*/*")))

    def _path(self, name: str) -> Path:
        return self._files / name.rpartition("-")[2][:2] / name


def _there(paths: Iterable[Path]) -> Iterator[tuple[os.stat_result, Path]]:
    """Those that are still there: another server, which this one takes over from, makes room too."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path.stat(), path
