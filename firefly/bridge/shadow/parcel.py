"""The files that git ignores as one archive: the same files make the same bytes."""

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from firefly.bridge.shadow.caches import Caches
from firefly.bridge.workspace import ANNEX
from firefly.errors import InvalidInput
from firefly.protocol.errors import RefusedPath
from firefly.protocol.workspace import MOST_COPIED, Refused

MOST_FILES = 20_000
REMEDY = (
    "If a command makes it anew, name its folder under `caches` in firefly.yml; else keep it outside of the project."
)
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """Of an archive: its digest, bytes and files, and what is not in it."""

    digest: str
    size: int
    files: int
    refused: list[Refused]


def pack(root: Path, found: Iterable[str], caches: Caches, file: BinaryIO) -> Packed:
    """Write the archive of `found`, files and folders with all below them; small files go first where not all fit."""
    chosen, refused, total = list[str](), list[Refused](), 0
    for size, path in sorted(_sizes(root, found, caches)):
        total += size + 2 * tarfile.BLOCKSIZE
        if total <= MOST_COPIED and len(chosen) < MOST_FILES:
            chosen.append(path)
        else:
            reason = f"A copy of ignored files holds {MOST_COPIED >> 20} MiB and {MOST_FILES} files."
            refused.append(Refused(path=_printable(path), size=size, reason=reason, remedy=REMEDY))
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        written = sum(_add(tar, root, path) for path in sorted(chosen))
    file.seek(0)
    return Packed(f"sha256:{_digest(file)}", file.tell(), written, refused[:100])


def _digest(file: BinaryIO) -> str:
    sha = hashlib.sha256()
    while block := file.read(_BLOCK):
        sha.update(block)
    return sha.hexdigest()


def _sizes(root: Path, found: Iterable[str], caches: Caches) -> Iterator[tuple[int, str]]:
    for path in _files(root, found, caches):
        try:
            status = os.lstat(root / path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            yield status.st_size, path


def _files(root: Path, found: Iterable[str], caches: Caches) -> Iterator[str]:
    for name in found:
        path = name.rstrip("/")
        if caches.hold(path):
            continue
        if not name.endswith("/"):
            yield path
            continue
        for folder, folders, files in os.walk(root / path):
            base = os.path.relpath(folder, root)
            folders[:] = sorted(each for each in folders if not caches.hold(f"{base}/{each}"))
            # What is a link to a folder is kept as a link.
            links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
            yield from (f"{base}/{each}" for each in (*files, *links) if not caches.hold(f"{base}/{each}"))


def _add(tar: tarfile.TarFile, root: Path, path: str) -> int:
    """1, or 0 for what is gone meanwhile."""
    try:
        member = tar.gettarinfo(str(root / path), arcname=path)
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        if not member.isreg():
            tar.addfile(member)
            return 1
        with (root / path).open("rb") as file:
            tar.addfile(member, _Exactly(file, member.size))
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return 0
    return 1


class _Exactly:
    """A file that is as long as it was when it was looked at, whatever is written to it now."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= wanted
        return data + bytes(wanted - len(data))


def unpack(file: BinaryIO, root: Path) -> int:
    """The number of files put back. Raises InvalidInput for what `pack` did not make; nothing there is replaced."""
    count = 0
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                count += _extract(tar, member, root)
    except (tarfile.TarError, EOFError, RefusedPath) as error:
        raise InvalidInput(f"The copy of ignored files cannot be read: {error}") from error
    return count


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> int:
    from firefly.bridge.workspace import check

    # Names are whatever the disk takes, valid Unicode or not.
    path = member.name
    check(_printable(path))
    if not (member.isreg() or member.issym() or member.islnk()) or path.split("/")[0] == ANNEX:
        raise RefusedPath(f"{_printable(path)} is no file.")
    if os.path.lexists(root / path):
        return 0
    member.uid, member.gid = os.getuid(), os.getgid()
    tar.extract(member, root, filter="tar")
    return 1


def _printable(path: str) -> str:
    return path.encode("utf-8", "replace").decode()
