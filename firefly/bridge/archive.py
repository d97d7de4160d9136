"""Unpacks an uploaded archive into the empty workspace: plain files and folders, within limits, nowhere else."""

import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace, check, os_errors
from firefly.errors import InvalidInput, TooLarge
from firefly.protocol.errors import RefusedPath

MOST_ENTRIES = 50_000
MOST_BYTES = 2 << 30
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    is_folder: bool
    executable: bool
    size: int
    source: zipfile.ZipInfo | tarfile.TarInfo


def unpack(archive: Path, workspace: Workspace) -> int:
    """The number of files. One folder that everything is in is left out. Raises InvalidInput and TooLarge."""
    try:
        with _opened(archive) as package:
            members = _members(package)
            prefix = _common_folder(members)
            return sum(_extract(package, member, prefix, workspace) for member in members)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InvalidInput(f"The archive cannot be read: {error}", field="archive") from error


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as package:
            yield package
    else:
        with tarfile.open(archive) as tar:
            yield tar


def _members(package: zipfile.ZipFile | tarfile.TarFile) -> list[Member]:
    members: list[Member] = []
    total = 0
    for source in package.infolist() if isinstance(package, zipfile.ZipFile) else package:
        member = _zip_member(source) if isinstance(source, zipfile.ZipInfo) else _tar_member(source)
        total += member.size
        if len(members) >= MOST_ENTRIES or total > MOST_BYTES:
            most = f"{MOST_ENTRIES} entries or {MOST_BYTES >> 30} GiB"
            raise TooLarge(f"The archive has more than {most}.", field="archive")
        if _wanted(member.name):
            members.append(member)
    return members


def _zip_member(source: zipfile.ZipInfo) -> Member:
    mode = source.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise InvalidInput(f"{source.filename} is a link or a device; only files and folders are taken.")
    return Member(_plain(source.filename), source.is_dir(), bool(mode & 0o111), source.file_size, source)


def _tar_member(source: tarfile.TarInfo) -> Member:
    if not source.isreg() and not source.isdir():
        raise InvalidInput(f"{source.name} is a link or a device; only files and folders are taken.")
    return Member(_plain(source.name), source.isdir(), bool(source.mode & 0o111), source.size, source)


def _plain(name: str) -> str:
    """Leading "./" and a folder's slash are harmless; everything else must be a plain path."""
    if name in {".", "./"}:
        return ""
    try:
        return check(name.removeprefix("./").removesuffix("/"))
    except RefusedPath as error:
        raise InvalidInput(f"The archive holds a path that is refused. {error.detail}", field="archive") from error


def _wanted(name: str) -> bool:
    """Not the history of elsewhere, and not what macOS adds."""
    return bool(name) and {REPOSITORY, ANNEX, "__MACOSX", ".DS_Store"}.isdisjoint(name.split("/"))


def _common_folder(members: list[Member]) -> str:
    tops = {member.name.partition("/")[0] for member in members}
    whole_is_folder = len(tops) == 1 and not any(member.name in tops and not member.is_folder for member in members)
    return f"{tops.pop()}/" if whole_is_folder else ""


def _extract(package: zipfile.ZipFile | tarfile.TarFile, member: Member, prefix: str, workspace: Workspace) -> int:
    name = member.name.removeprefix(prefix)
    if not name or f"{name}/" == prefix:
        return 0
    if member.is_folder:
        with workspace.place(f"{name}/.keep", create_folders=True):
            return 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with workspace.place(name, create_folders=True) as place, os_errors(name), _content(package, member) as content:
        descriptor = os.open(place.name, flags, 0o777 if member.executable else 0o666, dir_fd=place.folder)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(_Limited(content, member.size), file, BLOCK)
    return 1


@contextmanager
def _content(package: zipfile.ZipFile | tarfile.TarFile, member: Member) -> Iterator[IO[bytes]]:
    if isinstance(package, zipfile.ZipFile) and isinstance(member.source, zipfile.ZipInfo):
        with package.open(member.source) as content:
            yield content
    elif isinstance(package, tarfile.TarFile) and isinstance(member.source, tarfile.TarInfo):
        found = package.extractfile(member.source)
        if found is None:
            raise InvalidInput(f"{member.name} has no content.")
        with found:
            yield found


class _Limited:
    """No more than was declared: a zip may lie about the size of what it holds."""

    def __init__(self, content: IO[bytes], size: int) -> None:
        self._content, self._left = content, size

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InvalidInput("The archive is larger inside than it says.", field="archive")
        return data
