"""An archive of changes: what it says about itself, and how they are made in a workspace that has its base."""

import json
import os
import tarfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from firefly.bridge.workspace import Workspace, os_errors
from firefly.errors import FireflyError, InvalidInput, NotFound
from firefly.protocol.errors import RefusedPath

# The first member, which says what the changes are the difference from, and what is gone since.
FIRST = "firefly-changes"
LARGEST_FIRST = 16 << 20


def base_of(file: BinaryIO) -> str:
    """The commit that an archive of changes is the difference from. Raises InvalidInput for what is no such archive."""
    with _opened(file) as archive:
        return _head(archive)[0]


def unpack(file: BinaryIO, workspace: Workspace) -> int:
    """Make the changes of an archive in a workspace that has its base; returns how many. Raises InvalidInput."""
    with _opened(file) as archive:
        _, gone = _head(archive)
        count = sum(_remove(workspace, path) for path in gone)
        for member in archive:
            # The head, which was read already, comes again.
            if member.name != FIRST:
                _extract(archive, member, workspace)
                count += 1
    return count


def _opened(file: BinaryIO) -> tarfile.TarFile:
    file.seek(0)
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except tarfile.TarError as error:
        raise InvalidInput("That is no archive of changes.") from error


def _head(archive: tarfile.TarFile) -> tuple[str, list[str]]:
    try:
        first = archive.next()
        content = archive.extractfile(first) if first and first.name == FIRST and first.size < LARGEST_FIRST else None
        head = json.loads(content.read()) if content else {}
        return str(head["base"]), [str(path) for path in head["gone"]]
    except (tarfile.TarError, ValueError, TypeError, KeyError) as error:
        raise InvalidInput("That is no archive of changes.") from error


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, workspace: Workspace) -> None:
    path = member.name.removeprefix("./")
    with workspace.place(path, create_folders=True) as place, os_errors(path):
        _clear(place.folder, place.name)
        if member.issym():
            os.symlink(member.linkname, place.name, dir_fd=place.folder)
        elif content := archive.extractfile(member):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            descriptor = os.open(place.name, flags, 0o777 if member.mode & 0o111 else 0o666, dir_fd=place.folder)
            with os.fdopen(descriptor, "wb") as target:
                target.writelines(_blocks(content))


def _clear(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        os.rmdir(name, dir_fd=folder)


def _remove(workspace: Workspace, path: str) -> bool:
    """Folders that are left empty go too, as git has it."""
    try:
        with workspace.place(path) as place:
            os.unlink(place.name, dir_fd=place.folder)
    except (OSError, NotFound, RefusedPath):
        return False
    parent = path.rpartition("/")[0]
    while parent:
        try:
            with workspace.place(parent) as place:
                os.rmdir(place.name, dir_fd=place.folder)
        except (OSError, FireflyError):
            break
        parent = parent.rpartition("/")[0]
    return True


def _blocks(content: IO[bytes]) -> Iterator[bytes]:
    while block := content.read(1 << 20):
        yield block
