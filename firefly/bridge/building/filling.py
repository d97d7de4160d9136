"""Unpacks the tree of a commit, or an artifact, into the workspace: files, folders and links, nowhere else."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from firefly.beneath import open_beneath
from firefly.bridge.workspace import ANNEX, REPOSITORY
from firefly.errors import DISK_FULL, InvalidInput, StorageFull
from firefly.protocol.building import DEEPEST, MOST_TOLD, Filled

BLOCK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Filling:
    """`root` is a descriptor of the folder. Blocks: for a thread."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._parent = ""
        self._descriptor = os.dup(root)
        self._files = 0
        self._refused: list[str] = []

    def unpack(self, archive: BinaryIO) -> Filled:
        """Takes an uncompressed tar as it comes. Raises InvalidInput for what is none, StorageFull."""
        try:
            with tarfile.open(fileobj=archive, mode="r|", errorlevel=1) as package:
                for member in package:
                    self._take(package, member)
                    # Python would keep all of them.
                    package.members = []  # type: ignore[attr-defined]
        except tarfile.TarError as error:
            raise InvalidInput(f"The archive cannot be read: {error}", field="archive") from error
        finally:
            os.close(self._descriptor)
        return Filled(files=self._files, refused=self._refused)

    def _take(self, package: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = member.name.removeprefix("./").rstrip("/")
        if name in {"", "."}:
            return
        try:
            _check(name)
            self._make(package, member, name)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise StorageFull("The disk of the sandbox is full.") from error
            self._refuse(name, error.strerror or str(error))
        except ValueError as error:
            self._refuse(name, str(error))

    def _make(self, package: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        parent, _, last = name.rpartition("/")
        folder = self._enter(parent)
        if member.isdir():
            os.mkdir(last, 0o755, dir_fd=folder)
        elif member.issym():
            os.symlink(member.linkname, last, dir_fd=folder)
            self._files += 1
        elif member.isreg():
            self._write(package.extractfile(member), folder, last, member)
            self._files += 1
        else:
            raise ValueError("it is neither a file nor a folder nor a link")

    def _write(self, content: IO[bytes] | None, folder: int, name: str, member: tarfile.TarInfo) -> None:
        descriptor = os.open(name, _NEW, 0o755 if member.mode & 0o111 else 0o644, dir_fd=folder)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            if content is not None:
                shutil.copyfileobj(content, file, BLOCK)
            os.utime(file.fileno(), (member.mtime, member.mtime))

    def _enter(self, parent: str) -> int:
        """The folder at `parent`, which no link leads out of; the one that was entered last is kept open."""
        if parent != self._parent:
            with _made(self._root, parent) as descriptor:
                os.dup2(descriptor, self._descriptor, inheritable=False)
            self._parent = parent
        return self._descriptor

    def _refuse(self, name: str, reason: str) -> None:
        if len(self._refused) < MOST_TOLD:
            self._refused.append(f"{name.encode(errors='backslashreplace').decode()}: {reason}")


@contextmanager
def _made(root: int, path: str) -> Iterator[int]:
    """A folder, made where an archive does not tell of it first."""
    try:
        descriptor = open_beneath(root, path, _FOLDER)
    except FileNotFoundError:
        above, _, name = path.rpartition("/")
        with _made(root, above) as folder:
            os.mkdir(name, 0o755, dir_fd=folder)
            descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check(name: str) -> None:
    """Raises ValueError. Names that are no text are taken as they are."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise ValueError("it is not a plain path below the folder")
    if len(parts) > DEEPEST:
        raise ValueError("it lies too deep")
    if parts[0] == ANNEX or any(part.lower() == REPOSITORY for part in parts):
        raise ValueError(f"{REPOSITORY} and {ANNEX} are not for a tree to bring along")
