"""Unpacks the pages that a build made into a folder of the server's own, from which nothing leads anywhere.

A link among them becomes another name of the file that it leads to, or of all files below the folder.
"""

import hashlib
import os
import posixpath
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from firefly.errors import DISK_FULL, Conflict, StorageFull, TimedOut, TooLarge, Unavailable

from .archive import Kind, Member, check, members, padding, show

PIECE = 1 << 20
# Links, and how many of them may lead to one another.
MOST_LINKS, LONGEST_CHAIN = 1000, 16
# What an entry takes on a disk beside its bytes.
ENTRY = 4096
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one build's pages may have: entries, bytes, and seconds that unpacking may take."""

    entries: int = 200_000
    size: int = 8 << 30
    seconds: float = 600.0


def unpack(archive: Path, folder: Path, *, digest: str, bounds: Bounds, ending: threading.Event) -> int:
    """Put everything below `folder`, which is there and empty; about how many bytes of the disk it takes. Blocks.

    `ending` is set when the server ends, which is not to wait for it.

    Raises
    ------
    Conflict        it is damaged, or holds what no build's pages may have
    TooLarge        it goes beyond a bound
    TimedOut        it took too long
    StorageFull
    Unavailable     the server ends
    """
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with _decompressed(archive) as plain:
            return _Tree(root, Plain(plain, bounds, ending), bounds).fill(digest)
    except zstandard.ZstdError as error:
        raise Conflict(f"What is stored of it is damaged: {error}.") from error
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StorageFull("There is no space left on the server's disk for its pages.") from error
        raise Conflict(f"Its archive cannot be unpacked: {error.strerror}.") from error
    finally:
        os.close(root)


@contextmanager
def _decompressed(archive: Path) -> Iterator[BinaryIO]:
    with archive.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as plain:
        yield plain


class Plain:
    """The uncompressed archive, measured while it is read."""

    def __init__(self, file: BinaryIO, bounds: Bounds, ending: threading.Event) -> None:
        self._file = file
        self._ending = ending
        self._sha = hashlib.sha256()
        # What heads and the filling of blocks take comes on top of what files have.
        self._left = bounds.size + bounds.entries * ENTRY
        self._ends_at = time.monotonic() + bounds.seconds
        self._seconds = bounds.seconds

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha.hexdigest()}"

    def take(self, size: int) -> bytes:
        """As `Stream` has it."""
        data = self.some(size)
        while len(data) < size:
            more = self.some(size - len(data))
            if not more:
                raise Conflict("What is stored of it is not whole.")
            data += more
        return data

    def some(self, size: int) -> bytes:
        """Up to so many bytes; none at the end."""
        data = self._file.read(size)
        self._sha.update(data)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge("Its archive is larger than pages may be.")
        if self._ending.is_set():
            raise Unavailable("The server ends. Try again in a moment.")
        if time.monotonic() > self._ends_at:
            raise TimedOut(f"Its pages could not be unpacked within {self._seconds:g} s.")
        return data


class _Tree:
    def __init__(self, root: int, plain: Plain, bounds: Bounds) -> None:
        self._root = root
        self._plain = plain
        self._bounds = bounds
        self._entries = self._size = 0
        self._links: list[Member] = []

    def fill(self, digest: str) -> int:
        for member in members(self._plain):
            self._count(member.size)
            match member.kind:
                case Kind.FOLDER:
                    self._folder(member.name)
                case Kind.LINK:
                    self._links.append(member)
                case Kind.FILE:
                    self._file(member)
        while self._plain.some(PIECE):
            pass
        if self._plain.digest != digest:
            raise Conflict("What is stored of it is not what was built.")
        self._link()
        return self._size

    def _count(self, size: int) -> None:
        self._entries += 1
        self._size += size + ENTRY
        if self._entries > self._bounds.entries:
            raise TooLarge(f"It has more than {self._bounds.entries} files and folders.")
        if self._size - self._entries * ENTRY > self._bounds.size:
            raise TooLarge(f"Its files have more than {self._bounds.size >> 20} MiB.")
        if len(self._links) > MOST_LINKS:
            raise TooLarge(f"It has more than {MOST_LINKS} links.")

    def _folder(self, path: str) -> None:
        """Made where it is not there yet, and those above it."""
        try:
            os.mkdir(path, 0o700, dir_fd=self._root)
        except FileExistsError:
            if not stat.S_ISDIR(self._look(path)):
                raise Conflict(f"{show(path)} is both a file and a folder.") from None
        except FileNotFoundError:
            self._folder(posixpath.dirname(path))
            os.mkdir(path, 0o700, dir_fd=self._root)

    def _file(self, member: Member) -> None:
        try:
            descriptor = self._create(member.name)
        except FileExistsError:
            raise Conflict(f"{show(member.name)} is in the archive twice.") from None
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            left = member.size
            while left:
                data = self._plain.take(min(left, PIECE))
                file.write(data)
                left -= len(data)
            os.utime(file.fileno(), (member.time, member.time))
        self._plain.take(padding(member.size))

    def _create(self, path: str) -> int:
        try:
            return os.open(path, _NEW, 0o600, dir_fd=self._root)
        except FileNotFoundError:
            self._folder(posixpath.dirname(path))
            return os.open(path, _NEW, 0o600, dir_fd=self._root)

    def _look(self, path: str) -> int:
        """The mode of what is there; 0: nothing."""
        try:
            return os.stat(path or ".", dir_fd=self._root, follow_symlinks=False).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def _link(self) -> None:
        """Links may lead to what others make, so as long as one is made the rest is tried again."""
        waiting = self._links
        for _ in range(LONGEST_CHAIN):
            left = [link for link in waiting if not self._make_link(link, waiting)]
            if len(left) == len(waiting):
                return
            waiting = left

    def _make_link(self, link: Member, waiting: list[Member]) -> bool:
        """Whether there was something that it leads to. One that leads to nothing is left out."""
        where = posixpath.normpath(posixpath.join(posixpath.dirname(link.name), link.target))
        if link.target.startswith("/") or "\0" in link.target or where.split("/")[0] == "..":
            raise Conflict(f"{show(link.name)} is a link that leads out of its pages.")
        mode = self._look(where)
        if stat.S_ISREG(mode):
            self._also(where, link.name)
            return True
        below = "" if where == "." else f"{where}/"
        if not stat.S_ISDIR(mode) or link.name.startswith(below):
            return False
        if any(other.name.startswith(below) for other in waiting):
            return False
        self._folder(link.name)
        for folder, folders, files, _ in os.fwalk(where, dir_fd=self._root, follow_symlinks=False):
            place = link.name + folder.removeprefix(where)
            # Links that stand for links lead deeper than any name in the archive, and than Python takes folders away.
            for name in (*folders, *files):
                self._count(0)
                check(f"{place}/{name}")
            for name in folders:
                self._folder(f"{place}/{name}")
            for name in files:
                self._also(f"{folder}/{name}", f"{place}/{name}")
        return True

    def _also(self, path: str, other: str) -> None:
        """Another name for a file."""
        if parent := posixpath.dirname(other):
            self._folder(parent)
        try:
            os.link(path, other, src_dir_fd=self._root, dst_dir_fd=self._root, follow_symlinks=False)
        except FileExistsError:
            raise Conflict(f"{show(other)} is in the archive twice.") from None
