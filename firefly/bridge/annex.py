"""Firefly's own corner of the workspace, on the same file system: half-written files, and what was deleted lately.

It lies in .git where there is one, so that neither git nor a development server's watcher sees it, else in .firefly.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from firefly.bridge.system import rename_new
from firefly.bridge.workspace import ANNEX, REPOSITORY, Workspace, domain_error
from firefly.errors import FireflyError, NotFound

UNDO_SECONDS = 3600
MOST_DELETED = 100
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ORIGIN = "origin"
_CONTENT = "content"
TOO_LATE = "That deletion cannot be undone any more."


class Annex:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @contextmanager
    def temporary(self) -> Iterator[int]:
        """The folder for half-written files."""
        with self._folder("tmp") as descriptor:
            yield descriptor

    def discard(self, path: str) -> str:
        """Move what is at `path` here; the token brings it back within an hour."""
        self.sweep()
        token = secrets.token_hex(8)
        with self._workspace.place(path) as place, self._folder("deleted") as deleted:
            try:
                os.mkdir(token, dir_fd=deleted)
                entry = os.open(token, _OPEN, dir_fd=deleted)
                try:
                    # First, so that a full disk does not leave something that nobody can bring back.
                    _write_text(entry, _ORIGIN, place.path)
                    os.rename(place.name, _CONTENT, src_dir_fd=place.folder, dst_dir_fd=entry)
                finally:
                    os.close(entry)
            except OSError as error:
                self._remove(deleted, token)
                raise domain_error(error, path) from error
        return token

    def restore(self, token: str) -> str:
        """Put it back where it was; returns the path. NotFound when it is too late, NameTaken when the place is."""
        with self._folder("deleted") as deleted, _entry(deleted, token) as entry:
            path = _origin(entry)
            with self._workspace.place(path, create_folders=True) as place:
                try:
                    rename_new(entry, _CONTENT, place.folder, place.name)
                except OSError as error:
                    raise domain_error(error, path) from error
            self._remove(deleted, token)
        return path

    def sweep(self, *, everything: bool = False) -> int:
        """Really delete what is too old or too much; returns how many were. Also half-written files of a crash."""
        with self._folder("deleted") as deleted:
            aged = ((_age(deleted, name), name) for name in os.listdir(deleted))
            entries = sorted(((age, name) for age, name in aged if age is not None), reverse=True)
            spare = len(entries) - MOST_DELETED
            old = [
                name for number, (age, name) in enumerate(entries) if everything or age > UNDO_SECONDS or number < spare
            ]
            for name in old:
                self._remove(deleted, name)
        return len(old)

    def clear_temporary(self) -> None:
        """At start: no write is under way, so every file here is from a crash."""
        with self.temporary() as descriptor:
            for name in os.listdir(descriptor):
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=descriptor)

    def _remove(self, folder: int, name: str) -> None:
        shutil.rmtree(name, dir_fd=folder, ignore_errors=True)

    @contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        base = self._base()
        try:
            descriptor = _enter(base, name)
        finally:
            os.close(base)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _base(self) -> int:
        try:
            with self._workspace.folder(REPOSITORY) as repository:
                return _enter(repository, "firefly")
        except (FireflyError, OSError):
            with self._workspace.folder("") as root:
                base = _enter(root, ANNEX)
            with contextlib.suppress(FileExistsError):
                _write_text(base, ".gitignore", "*\n")
            return base


def _enter(parent: int, name: str) -> int:
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        return os.open(name, _OPEN, dir_fd=parent)
    except OSError as error:
        raise domain_error(error, name) from error


@contextmanager
def _entry(deleted: int, token: str) -> Iterator[int]:
    try:
        if not token.isalnum() or token not in os.listdir(deleted):
            raise FileNotFoundError(token)
        descriptor = os.open(token, _OPEN, dir_fd=deleted)
    except OSError as error:
        raise NotFound(TOO_LATE) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _age(folder: int, name: str) -> float | None:
    """None: somebody else has just swept it."""
    try:
        return time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return None


def _write_text(folder: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _origin(entry: int) -> str:
    try:
        return _read_text(entry, _ORIGIN)
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(TOO_LATE) from error


def _read_text(folder: int, name: str) -> str:
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)) as file:
        return file.read()
