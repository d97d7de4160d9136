"""A supervisor's watch over its workspace: measured again and again, in a process of its own.

Standard library only: runs in the supervisor.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import disk, launch
from .disk import Usage
from .growth import Growth

# Seconds until a measurement is looked after.
SOON = 0.2


class Watch:
    """See Growth for what it is given."""

    def __init__(self, folders: Sequence[Path], most: Usage, *, note: Path, spent: Callable[[], float]) -> None:
        self._folders = folders
        self._growth = Growth(folders[0], most, note=note, spent=spent)
        self._running: tuple[int, int] | None = None
        self._look_at = 0.0

    def pause(self) -> float:
        """Seconds until the next `look`."""
        return max(self._look_at - time.monotonic(), 0.01)

    def look(self) -> str:
        """A sentence where there is too much, else nothing. Returns at once."""
        if time.monotonic() < self._look_at:
            return ""
        said = self._go_on()
        self._look_at = time.monotonic() + (self._growth.pause if self._running is None else SOON)
        return said

    def _go_on(self) -> str:
        if self._running is not None:
            return self._take(*self._running)
        if self._growth.due():
            self._begin()
        return ""

    def _begin(self) -> None:
        self._growth.begin()
        reader, writer = os.pipe2(os.O_CLOEXEC)

        def run() -> None:
            launch.arrange({1: writer})
            os.write(1, disk.report(self._folders, files=self._growth.counted).encode())

        self._running = launch.fork(run), reader
        os.close(writer)

    def _take(self, pid: int, reader: int) -> str:
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            return ""
        self._running = None
        try:
            return self._growth.take(*disk.read_report(os.read(reader, 4096)))
        except ValueError:
            return ""
        finally:
            os.close(reader)
