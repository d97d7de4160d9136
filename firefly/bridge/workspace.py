"""The workspace as a folder that nothing is opened outside of: checks paths, and opens them below its root."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firefly.beneath import open_beneath
from firefly.errors import Conflict, FireflyError, Forbidden, NameTaken, NotFound, StorageFull
from firefly.protocol.errors import RefusedPath

LONGEST_PATH, LONGEST_NAME = 4096, 255
REPOSITORY = ".git"
ANNEX = ".firefly"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class Place:
    """A name in an open folder; `path` is where it really is, links of the folders followed."""

    folder: int
    name: str
    path: str


def check(path: str) -> str:
    """The path itself when it is plain: relative, POSIX, no `.`, `..`, NUL, no empty part. "" is the root."""
    if not path:
        return path
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        raise RefusedPath("The path is not valid Unicode.", field="path") from None
    parts = path.split("/")
    if path.startswith("/"):
        raise RefusedPath(f"The path {path!r} is absolute; paths are relative to the workspace.", field="path")
    if "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise RefusedPath(f"The path {path!r} is not plain: no empty part, no “.”, “..” or NUL.", field="path")
    if len(encoded) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        raise RefusedPath("The path is too long.", field="path")
    return path


def check_writable(path: str) -> str:
    """`check`, and nothing that belongs to git or to Firefly, and not the root."""
    if not check(path):
        raise RefusedPath("The workspace itself cannot be changed.", field="path")
    if not {REPOSITORY, ANNEX}.isdisjoint(path.split("/")):
        raise RefusedPath(f"{path} belongs to {REPOSITORY} or {ANNEX}; use git in the terminal for it.", field="path")
    return path


@contextmanager
def os_errors(path: str) -> Iterator[None]:
    """Turn what the operating system says about `path` into domain errors."""
    try:
        yield
    except OSError as error:
        raise domain_error(error, path) from error


def domain_error(error: OSError, path: str) -> FireflyError:
    match error.errno:
        case errno.ENOENT:
            return NotFound(f"{path or 'The folder'} does not exist.", path=path)
        case errno.ENOTDIR:
            return NotFound(f"{path} does not exist: a part of it is a file.", path=path)
        case errno.EEXIST | errno.ENOTEMPTY:
            return NameTaken(f"{path} exists already.", path=path)
        case errno.EISDIR:
            return Conflict(f"{path} is a folder.", path=path)
        case errno.EXDEV | errno.ELOOP:
            return RefusedPath(f"{path} leads out of the workspace by a link.", field="path")
        case errno.ENAMETOOLONG | errno.EINVAL:
            return RefusedPath(f"{path} is not a name that the file system takes.", field="path")
        case errno.ENOSPC | errno.EDQUOT:
            return StorageFull("The disk is full: nothing was changed. Delete files that are not needed.", path=path)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Forbidden(f"{path} may not be opened: {error.strerror}.", path=path)
    return Conflict(f"{path}: {error.strerror}.", path=path)


class Workspace:
    """All methods block briefly; call them in a thread where files may be large."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._folder)

    def open(self, path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """A descriptor of what is at `path`; never waits for a FIFO."""
        # openat2 refuses O_PATH together with flags that have no meaning for it.
        extra = 0 if flags & os.O_PATH else os.O_NONBLOCK | os.O_NOCTTY
        with os_errors(path):
            return open_beneath(self._folder, check(path), flags | extra, mode)

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        descriptor = self.open(path, _FOLDER)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def place(self, path: str, *, create_folders: bool = False, follow: bool = False) -> Iterator[Place]:
        """Where to write `path`. `follow`: when it is a link, where that leads to, inside the workspace."""
        check_writable(path)
        if follow:
            path = self._followed(path)
        parent, _, name = path.rpartition("/")
        if create_folders:
            self._make_folders(parent)
        with self.folder(parent) as descriptor:
            real = self.real_path(descriptor)
            yield Place(descriptor, name, check_writable(f"{real}/{name}" if real else name))

    def real_path(self, descriptor: int) -> str:
        """The path in the workspace of an open file or folder."""
        whole = os.readlink(f"/proc/self/fd/{descriptor}")
        root = os.readlink(f"/proc/self/fd/{self._folder}")
        if whole == root:
            return ""
        if not whole.startswith(root + "/"):
            raise RefusedPath("The path leads out of the workspace.", field="path")
        return whole[len(root) + 1 :]

    def _followed(self, path: str) -> str:
        try:
            descriptor = self.open(path, os.O_PATH)
        except NotFound:
            return path
        try:
            return check_writable(self.real_path(descriptor))
        finally:
            os.close(descriptor)

    def _make_folders(self, path: str) -> None:
        parts = path.split("/") if path else []
        for count in range(1, len(parts) + 1):
            with self.folder("/".join(parts[: count - 1])) as descriptor, os_errors(path):
                check_writable(f"{self.real_path(descriptor)}/{parts[count - 1]}".lstrip("/"))
                try:
                    os.mkdir(parts[count - 1], dir_fd=descriptor)
                except FileExistsError:
                    continue
