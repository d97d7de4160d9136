"""Reads the archive of a build's pages strictly: it was packed beside the project's code, so it may hold anything."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from firefly.errors import Conflict
from firefly.protocol.building import DEEPEST

BLOCK = tarfile.BLOCKSIZE
_END = b"\0" * BLOCK
# Bytes of a path, and of one name in it, as file systems take them.
LONGEST_PATH, LONGEST_NAME = 2048, 255
# Seconds since 1970; times of artifacts are told by content, so what lies elsewhere means nothing.
_LATEST = 1 << 33
_LONG = {tarfile.GNUTYPE_LONGNAME: "name", tarfile.GNUTYPE_LONGLINK: "target"}


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Member:
    """`size` bytes of content follow in the stream; `target` is a link's, as it stands there."""

    name: str
    kind: Kind
    size: int
    time: int
    target: str


class Stream(Protocol):
    def take(self, size: int) -> bytes:
        """Exactly so many bytes. Raises Conflict where there are no more."""


_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.LINK,
}


def members(stream: Stream) -> Iterator[Member]:
    """Each in its turn; the caller takes its content, and what fills the last block, before the next one.

    Raises Conflict for what no packing of pages makes.
    """
    long: dict[str, str] = {}
    while (head := stream.take(BLOCK)) != _END:
        try:
            info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise Conflict(f"Its archive is damaged: {error}.") from error
        if part := _LONG.get(info.type):
            long[part] = _long_text(stream, info.size)
            continue
        yield _member(long.pop("name", info.name), long.pop("target", info.linkname), info)
    if long:
        raise Conflict("Its archive ends with the name of nothing.")


def padding(size: int) -> int:
    """How many bytes fill the last block of a content."""
    return -size % BLOCK


def _long_text(stream: Stream, size: int) -> str:
    if not 0 < size <= 2 * LONGEST_PATH:
        raise Conflict("Its archive holds a name that is too long.")
    text = stream.take(size + padding(size))[:size]
    return text.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _member(name: str, target: str, info: tarfile.TarInfo) -> Member:
    kind = _KINDS.get(info.type)
    if kind is None:
        raise Conflict(f"{show(name)} is neither a file nor a folder.")
    name = name.rstrip("/") if kind is Kind.FOLDER else name
    check(name)
    size = info.size if kind is Kind.FILE else 0
    if info.size < 0 or info.size > size:
        raise Conflict(f"{show(name)} has a size that it cannot have.")
    return Member(name, kind, size, int(info.mtime) if 0 <= info.mtime < _LATEST else 0, target)


def check(name: str) -> None:
    """Raises Conflict for a path that is not plainly one below a folder."""
    whole, parts = name.encode("utf-8", "surrogateescape"), name.split("/")
    if not whole or len(whole) > LONGEST_PATH or len(parts) > DEEPEST:
        raise Conflict(f"{show(name)} is a path that is empty, too long or too deep.")
    if "\0" in name or any(part in {"", ".", ".."} for part in parts):
        raise Conflict(f"{show(name)} is no plain path below the folder.")
    if any(len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in parts):
        raise Conflict(f"{show(name)} has a name that is too long.")


def show(name: str) -> str:
    """So that it can be printed."""
    return repr("".join(char if char.isprintable() else "?" for char in name[:80]))
