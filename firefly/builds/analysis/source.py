"""The trees that are analysed: a listing of folders, and single files, both with bounds."""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from firefly.families.tree import LARGEST, MOST_NAMES, Tree


class Source(Tree):
    """A tree of one commit, or a folder. Links are nothing: they may lead anywhere."""


def steps(path: str) -> Sequence[str] | None:
    """The names on the way to `path`, none for the root; None: it leads out of the tree."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if ".." in parts or "\0" in path else parts


class FolderSource(Source):
    """A folder on this machine, whose contents nobody vouches for: no step through it follows a link."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def text(self, path: str) -> str | None:
        with self._opened(path, os.O_RDONLY) as descriptor:
            if descriptor is None or not stat.S_ISREG((status := os.fstat(descriptor)).st_mode):
                return None
            if status.st_size > LARGEST:
                return None
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read(LARGEST).decode(errors="replace")

    def has(self, path: str) -> bool:
        with self._opened(path, os.O_RDONLY) as descriptor:
            return descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode)

    def names(self, folder: str = "") -> tuple[str, ...]:
        with self._opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
            if descriptor is None:
                return ()
            with os.scandir(descriptor) as entries:
                found = [entry.name for entry, _ in zip(entries, range(MOST_NAMES), strict=False)]
        return tuple(sorted(name for name in found if name.isprintable()))

    @contextlib.contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int | None]:
        """A descriptor, or None where there is no such thing. A pipe is not waited for."""
        with contextlib.ExitStack() as stack:
            yield self._walk(steps(path), flags, stack)

    def _walk(self, parts: Sequence[str] | None, flags: int, stack: contextlib.ExitStack) -> int | None:
        if parts is None:
            return None
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            for number, part in enumerate(parts, 1):
                more = flags if number == len(parts) else os.O_RDONLY | os.O_DIRECTORY
                folder = os.open(part, more | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
                stack.callback(os.close, folder)
        except (OSError, ValueError):
            return None
        return folder
