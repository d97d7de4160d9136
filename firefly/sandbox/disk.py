"""What a workspace takes up on the disk: measured from outside, when it may have grown, so that it can be bounded.

Standard library only: runs in the supervisor.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import launch

# Seconds between two looks, which are longer where nothing is done; and until a measurement is looked after.
INTERVAL, LONGEST, SOON = 2.0, 6.0, 0.2
# Measuring may cost one part in so many of the processor time that the sandbox itself has used meanwhile.
SHARE = 20
FIRST, IDLE = 1.0, 0.005
# Whoever has used so many seconds of it is measured after so many of the clock, or so many times what measuring takes:
# what fills up is not seen while others delete.
BUSY, EVERY, RARELY = 0.05, 10.0, 500
BLOCK = 512
DEEPEST = 256
# Times as many files as there may be are counted, so that it is known what there is to delete.
MANY = 4
# What a workspace that has too much may still grow by, so that somebody can go in and delete.
SLACK, SLACK_FILES = 16 << 20, 1000
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


class Watch:
    """Measures a workspace again and again, in a process of its own, as often as it may have grown too large.

    `spent` tells the seconds of processor time that the sandbox has used. Without using any nothing grows, so nothing
    is measured. `note` is a file that keeps what was too much from one run to the next.
    """

    def __init__(self, folders: Sequence[Path], most: Usage, *, note: Path, spent: Callable[[], float]) -> None:
        self._folders = folders
        self._most = most
        self._note = note
        self._spent = spent
        self._allowed = self._remembered()
        self._seen = Usage()
        self._cost = 0.0
        self._spent_then = 0.0
        self._disk_then = _taken(folders[0])
        self._running: tuple[int, int] | None = None
        self._look_at = 0.0
        self._measured_at = time.monotonic()
        self._pause = INTERVAL

    def _remembered(self) -> Usage:
        """What a run may have: more than the limit only where there was more, and hardly more than that."""
        try:
            before = Usage(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):
            return self._most
        return Usage(
            before.size + SLACK if before.size > self._most.size else self._most.size,
            before.files + SLACK_FILES if before.files > self._most.files else self._most.files,
        )

    def pause(self) -> float:
        """Seconds until the next `look`."""
        return max(self._look_at - time.monotonic(), 0.01)

    def look(self) -> str:
        """A sentence where there is too much, else nothing. Returns at once."""
        if time.monotonic() < self._look_at:
            return ""
        said = self._go_on()
        self._look_at = time.monotonic() + (self._pause if self._running is None else SOON)
        return said

    def _go_on(self) -> str:
        if self._running is not None:
            return self._take(*self._running)
        if self._due():
            self._begin()
        return ""

    def _due(self) -> bool:
        used = self._spent() - self._spent_then
        if used < IDLE:
            self._pause = min(1.5 * self._pause, LONGEST)
            return False
        self._pause = INTERVAL
        waited = time.monotonic() - self._measured_at
        if used >= max(FIRST, SHARE * self._cost) or (used >= BUSY and waited >= max(EVERY, RARELY * self._cost)):
            return True
        now, then = _taken(self._folders[0]), self._disk_then
        left = Usage(self._allowed.size - self._seen.size, self._allowed.files - self._seen.files)
        return 2 * (now.size - then.size) >= left.size or 2 * (now.files - then.files) >= left.files

    def _begin(self) -> None:
        self._spent_then, self._disk_then = self._spent(), _taken(self._folders[0])
        self._measured_at = time.monotonic()
        reader, writer = os.pipe2(os.O_CLOEXEC)

        def run() -> None:
            os.nice(19)
            launch.arrange({1: writer})
            usage = measure(self._folders, files=MANY * self._allowed.files)
            os.write(1, json.dumps([usage.size, usage.files, time.process_time()]).encode())

        self._running = launch.fork(run), reader
        os.close(writer)

    def _take(self, pid: int, reader: int) -> str:
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            return ""
        self._running = None
        try:
            size, files, self._cost = json.loads(os.read(reader, 4096))
        except ValueError:
            return ""
        finally:
            os.close(reader)
        self._seen = Usage(size, files)
        self._remember()
        return self._complain() if self._seen.exceeds(self._allowed) else ""

    def _remember(self) -> None:
        with contextlib.suppress(OSError):
            if self._seen.exceeds(self._most):
                self._note.write_text(json.dumps({"size": self._seen.size, "files": self._seen.files}))
            else:
                self._note.unlink(missing_ok=True)

    def _complain(self) -> str:
        much = f"{self._most.size / (1 << 30):.3g} GiB" if self._seen.size > self._allowed.size else ""
        what = f"takes up more than {much}" if much else f"has more than {self._most.files} files"
        return (
            f"The workspace {what}, which is all it may, so the sandbox was stopped. Start it and delete what is not "
            "needed; it stops again when it grows."
        )


def _taken(folder: Path) -> Usage:
    """What is in use on the whole file system."""
    found = os.statvfs(folder)
    return Usage((found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree)
