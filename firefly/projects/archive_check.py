"""Looks an uploaded archive over without unpacking it. Standard library only: it also runs as a program of its own.

A hostile archive must not cost the server more than a short-lived process with limits. The bridge checks again
while it unpacks, inside the sandbox.
"""

import gzip
import json
import posixpath
import resource
import stat
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ENTRIES, TOTAL, RATIO = 20_000, 1 << 30, 100
# Small archives of very even files (empty ones, say) are no bombs, however well they compress.
RATIO_MATTERS_FROM = 16 << 20
DEPTH, LONGEST_PATH, LONGEST_NAME, LONGEST_LINK = 64, 1024, 255, 1024
MEMORY, SECONDS = 1 << 30, 60

DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    KeyError,
)


class Refused(Exception):
    """The sentence says what is wrong with the archive."""


@dataclass(frozen=True)
class Entry:
    """`link` is the target of a symbolic link, None for files and folders."""

    path: str
    is_folder: bool
    size: int
    link: str | None = None


@dataclass(frozen=True)
class Summary:
    kind: str
    entries: int
    size: int


def check(path: Path, *, entries: int = ENTRIES, total: int = TOTAL, ratio: int = RATIO) -> Summary:
    """Raises Refused."""
    with path.open("rb") as file:
        start = file.read(512)
    try:
        if start.startswith(b"PK"):
            kind, found = "zip", _zip(path)
        elif start.startswith(b"\x1f\x8b"):
            kind, found = "tar.gz", _tar(gzip.GzipFile(path), total)
        elif start[257:262] == b"ustar":
            kind, found = "tar", _tar(path.open("rb"), total)
        else:
            raise Refused("That is no archive that Firefly knows: send zip, tar or tar.gz.")
        return _look_over(kind, found, path.stat().st_size, entries=entries, total=total, ratio=ratio)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        KeyError,
    ) as error:
        raise Refused(f"The archive is damaged: {str(error)[:100] or type(error).__name__}.") from error
    except (MemoryError, RecursionError) as error:
        raise Refused("The archive is too complicated to look at.") from error


def _look_over(kind: str, found: Iterator[Entry], packed: int, *, entries: int, total: int, ratio: int) -> Summary:
    tree = Tree()
    count = size = 0
    for entry in found:
        count += 1
        size += entry.size
        if count > entries:
            raise Refused(f"The archive holds more than {entries} entries.")
        if size > total:
            raise Refused(f"Unpacked, the archive is larger than {total >> 20} MiB.")
        if size > RATIO_MATTERS_FROM and size > packed * ratio:
            raise Refused(f"Unpacked, the archive is more than {ratio} times as large as packed.")
        tree.add(entry)
    if tree.files == 0:
        raise Refused("The archive holds no files.")
    return Summary(kind, count, size)


class Tree:
    """The names so far; says when a further one cannot stand beside them."""

    def __init__(self) -> None:
        self.files = 0
        self._leaves: set[str] = set()
        self._folders: dict[str, str] = {}

    def add(self, entry: Entry) -> None:
        parts = split(entry.path)
        if not parts:
            return
        for depth in range(1, len(parts)):
            self._folder("/".join(parts[:depth]))
        path = "/".join(parts)
        if entry.is_folder:
            self._folder(path)
            return
        key = fold(path)
        if key in self._folders:
            raise Refused(f"{show(path)} is both a file, or a link, and a folder.")
        if key in self._leaves:
            raise Refused(f"{show(path)} is in the archive twice, or differs from another name only in case.")
        self._leaves.add(key)
        self.files += 1
        if entry.link is not None:
            check_link(parts, entry.link)

    def _folder(self, path: str) -> None:
        key = fold(path)
        if key in self._leaves:
            raise Refused(f"{show(path)} is both a file, or a link, and a folder.")
        if self._folders.setdefault(key, path) != path:
            raise Refused(f"{show(path)} and {show(self._folders[key])} differ only in case.")


def split(path: str) -> list[str]:
    """The parts of a path below the project. Raises Refused for one that is not plainly that."""
    if not path or len(path.encode("utf-8", "surrogateescape")) > LONGEST_PATH:
        raise Refused("The archive holds a path that is empty or too long.")
    if any(ord(char) < 32 or 127 <= ord(char) < 160 or 0xD800 <= ord(char) < 0xE000 for char in path) or "\\" in path:
        raise Refused(f"{show(path)}: a name with characters that no name should have.")
    if path.startswith("/") or path[1:2] == ":":
        raise Refused(f"{show(path)}: an absolute path.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused(f"{show(path)}: a path that leads out of the project.")
    if len(parts) > DEPTH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        raise Refused(f"{show(path)}: a path that is too deep or too long.")
    if any(is_git(part) for part in parts):
        raise Refused("The archive holds a .git folder. Leave it out, or push the repository with git instead.")
    return parts


def check_link(parts: list[str], target: str) -> None:
    """Links stay inside. `..` may only lead: after a name it could turn at another link."""
    steps = target.split("/")
    climbs = 0
    while climbs < len(steps) and steps[climbs] in ("..", "."):
        climbs += 1
    ups = steps[:climbs].count("..")
    bad = not target or len(target) > LONGEST_LINK or "\x00" in target or "\\" in target or target.startswith("/")
    if bad or ups > len(parts) - 1 or ".." in steps[climbs:]:
        raise Refused(f"{show('/'.join(parts))}: a link that leads out of the project.")
    joined = posixpath.normpath("/".join([*parts[: len(parts) - 1 - ups], *steps[climbs:]]) or ".")
    if any(is_git(part) for part in joined.split("/")):
        raise Refused(f"{show('/'.join(parts))}: a link into a .git folder.")


def is_git(part: str) -> bool:
    """Whether some file system takes the name for `.git`."""
    plain = "".join(char for char in part if unicodedata.category(char) != "Cf").rstrip(". ").casefold()
    return plain in (".git", "git~1") or plain.startswith(".git:")


def fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def show(path: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in path[:80])


def _zip(path: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.flag_bits & 0x1:
                raise Refused("The archive asks for a password. Send one without.")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                raise Refused(f"{show(info.filename)}: neither file, folder nor link.")
            link = None
            if kind == stat.S_IFLNK:
                if info.file_size > LONGEST_LINK:
                    raise Refused(f"{show(info.filename)}: a link that leads out of the project.")
                link = archive.read(info).decode("utf-8", "surrogateescape")
            # zipfile cuts names at a NUL; the name as it stands in the archive counts.
            yield Entry(info.orig_filename, info.is_dir() or kind == stat.S_IFDIR, info.file_size, link)


def _tar(file: BinaryIO | gzip.GzipFile, total: int) -> Iterator[Entry]:
    limited = _Limited(file, total + (64 << 20))
    with file, tarfile.open(fileobj=limited, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.issparse() or not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
                raise Refused(f"{show(member.name)}: neither file, folder nor link.")
            if member.islnk():
                raise Refused(f"{show(member.name)}: a hard link. Pack the file itself.")
            yield Entry(member.name, member.isdir(), member.size, member.linkname if member.issym() else None)


class _Limited:
    """Reads until somebody unpacked too much."""

    def __init__(self, file: BinaryIO | gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, 1 << 20))
        while len(data) < size and (more := self._file.read(min(size - len(data), 1 << 20))):
            data += more
        self._left -= len(data)
        if self._left < 0:
            raise Refused("Unpacked, the archive is too large.")
        return data


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        summary = check(Path(sys.argv[1]), **json.loads(sys.argv[2]))
        answer: dict[str, object] = {"kind": summary.kind, "entries": summary.entries, "size": summary.size}
    except Refused as refused:
        answer = {"refused": str(refused)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
