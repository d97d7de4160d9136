"""What folders take up on the disk, measured from outside: bytes and files.

Standard library only: runs in the supervisor, or by itself.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512
DEEPEST = 256
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes on the disk; files, folders and links."""

    size: int = 0
    files: int = 0

    def exceeds(self, most: "Usage") -> bool:
        return self.size > most.size or self.files > most.files


class Tally:
    """Counts what lies in folders until it is more than so many files; one of several names counts once."""

    def __init__(self, files: int) -> None:
        self._most = files
        self._linked: set[tuple[int, int]] = set()
        self.usage = Usage()

    def add(self, folder: int, depth: int = 0) -> None:
        """Follows no link, so that nothing but this folder is looked at. What lies too deep is too many files."""
        for name in self._list(folder):
            if depth == DEEPEST:
                self.usage = Usage(self.usage.size, self._most + 1)
            if self.usage.files > self._most:
                return
            with _opened(name, folder) as below:
                if below is not None:
                    self.add(below, depth + 1)

    def _list(self, folder: int) -> list[str]:
        """Count what is in one folder; returns the folders among it."""
        folders: list[str] = []
        size, files = self.usage.size, self.usage.files
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    size, files = size + self._weigh(entry), files + 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                if files > self._most:
                    break
        self.usage = Usage(size, files)
        return folders

    def _weigh(self, entry: "os.DirEntry[str]") -> int:
        status = entry.stat(follow_symlinks=False)
        if status.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
            if (status.st_dev, status.st_ino) in self._linked:
                return 0
            self._linked.add((status.st_dev, status.st_ino))
        return status.st_blocks * BLOCK


@contextmanager
def _opened(name: str | Path, folder: int | None = None) -> Iterator[int | None]:
    """A folder; None where it has gone meanwhile, is something else now, or may not be looked into."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def measure(folders: Sequence[Path], *, files: int) -> Usage:
    """What lies in `folders`. Of more than so many files it is told that there are more, not how many."""
    tally = Tally(files)
    for path in folders:
        with _opened(path) as folder:
            if folder is not None:
                tally.add(folder)
    return tally.usage


def taken(folder: Path) -> Usage:
    """What is in use on the whole file system."""
    found = os.statvfs(folder)
    return Usage((found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree)


def report(folders: Sequence[Path], *, files: int) -> str:
    """Measure at low priority; a line for `read_report`, with the seconds of processor time that it took."""
    os.nice(19)
    usage = measure(folders, files=files)
    return json.dumps([usage.size, usage.files, time.process_time()])


def read_report(line: bytes | str) -> tuple[Usage, float]:
    """Raises ValueError."""
    size, files, cost = json.loads(line)
    return Usage(size, files), cost


def main(files: str, *folders: str) -> None:
    sys.stdout.write(report([Path(folder) for folder in folders], files=int(files)))
