"""Packs a folder into the one archive that has the same bytes wherever and whenever the same files are packed.

Names are sorted, nobody owns anything, and times say nothing about the build. Yet a file's time is told by its content:
what visitors' browsers and servers compare to see whether a file has changed must differ when it has.
"""

import os
import stat
import tarfile
import zlib
from collections.abc import Sequence
from typing import BinaryIO

from firefly.bridge.workspace import ANNEX, REPOSITORY
from firefly.protocol.building import DEEPEST, MOST_TOLD, Packed

# The first second of the year 2000; files' times lie in the 17 years from there on.
BEGINNING, SPAN = 946_684_800, 1 << 29
BLOCK = 1 << 20
# What lies there ends with the sandbox, as does its home; other places are its system's, the same in each of them.
PASSING = ("/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Of compiled Python that looks at its source's time, which is not kept: it would be compiled anew in any case.
_BY_TIME, _FLAGS = b"\0\0\0\0", slice(4, 8)


class Packing:
    """`root` is where the folder lies in the sandbox, `home` what ends with that. Blocks: for a thread."""

    def __init__(
        self, root: str, file: BinaryIO, *, home: str, without: Sequence[str] = (), pages: bool = False
    ) -> None:
        self._root = root
        self._passing = tuple(f"{folder.rstrip('/')}/" for folder in (*PASSING, home))
        self._file = file
        self._without = frozenset((REPOSITORY, ANNEX, *(path.strip("/") for path in without)))
        self._pages = pages
        self._files = 0
        self._left_out: list[str] = []

    def pack(self, folder: int, above: str = "") -> Packed:
        """`above` goes before every name. Raises OSError where something cannot be read, or changes while it is."""
        self._walk(folder, above)
        self._file.write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._file.flush()
        return Packed(files=self._files, left_out=self._left_out)

    def _walk(self, folder: int, above: str) -> None:
        if above.count("/") > DEEPEST:
            raise OSError(f"folders lie deeper than {DEEPEST} levels")
        for name in sorted(os.listdir(folder), key=os.fsencode):
            path = above + name
            if path not in self._without:
                self._add(folder, name, path)

    def _add(self, folder: int, name: str, path: str) -> None:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        match stat.S_IFMT(status.st_mode):
            case stat.S_IFDIR:
                self._head(path, tarfile.DIRTYPE, mode=0o755)
                below = os.open(name, _FOLDER, dir_fd=folder)
                try:
                    self._walk(below, f"{path}/")
                finally:
                    os.close(below)
            case stat.S_IFLNK:
                self._link(path, os.readlink(name, dir_fd=folder))
            case stat.S_IFREG:
                self._regular(folder, name, path)
            case _:
                self._leave_out(path, "it is neither a file nor a folder nor a link")

    def _link(self, path: str, target: str) -> None:
        if target.startswith(f"{self._root}/"):
            up = "../" * path.count("/")
            target = up + target.removeprefix(f"{self._root}/")
        if not self._may_lead(path, target):
            self._leave_out(path, f"it is a link to {target}")
            return
        self._head(path, tarfile.SYMTYPE, mode=0o777, target=target)
        self._files += 1

    def _may_lead(self, path: str, target: str) -> bool:
        if target.startswith("/"):
            place = os.path.normpath(target)
            return not self._pages and place != "/" and not f"{place}/".startswith(self._passing)
        return not os.path.normpath(os.path.join(os.path.dirname(path), target)).startswith("..")

    def _regular(self, folder: int, name: str, path: str) -> None:
        with os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            executable = bool(os.fstat(file.fileno()).st_mode & 0o111)
            first = file.read(BLOCK)
            if path.endswith(".pyc") and first[_FLAGS] == _BY_TIME:
                return
            checksum = zlib.crc32(first)
            while len(first) == BLOCK and (piece := file.read(BLOCK)):
                checksum = zlib.crc32(piece, checksum)
            time = BEGINNING + checksum % SPAN
            self._head(path, tarfile.REGTYPE, mode=0o755 if executable else 0o644, size=size, time=time)
            self._copy(file, first, size)
        self._files += 1

    def _copy(self, file: BinaryIO, first: bytes, size: int) -> None:
        self._file.write(first)
        copied = len(first)
        file.seek(copied)
        while copied < size and (piece := file.read(BLOCK)):
            self._file.write(piece)
            copied += len(piece)
        if copied != size or file.read(1):
            raise OSError("a file is still being written to")
        self._file.write(b"\0" * (-size % tarfile.BLOCKSIZE))

    def _head(
        self, path: str, kind: bytes, *, mode: int, size: int = 0, time: int = BEGINNING, target: str = ""
    ) -> None:
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.size, info.mtime, info.linkname = kind, mode, size, time, target
        self._file.write(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))

    def _leave_out(self, path: str, reason: str) -> None:
        if len(self._left_out) < MOST_TOLD:
            self._left_out.append(f"{path}: {reason}".encode(errors="backslashreplace").decode())
