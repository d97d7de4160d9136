"""What the application printed, kept on disk over restarts: lines of JSON in a few files that take turns."""

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from firefly.protocol.application import Line

LARGEST_FILE, MOST_FILES = 1 << 20, 4
# As many are read again at the start of a bridge; the rest lies there for whoever looks.
RECALLED = 1000
# The folder is the project's too: what is no plain file, or leads elsewhere, is not waited for.
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Journal:
    """Every method blocks briefly, and raises OSError where the disk is full or the folder is not what it should be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, lines: Sequence[Line]) -> None:
        """Add lines; the oldest file goes when there would be one too many."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path(0), os.O_WRONLY | os.O_APPEND | os.O_CREAT | _FLAGS, 0o600)
        try:
            os.write(file, b"".join(line.model_dump_json().encode() + b"\n" for line in lines))
            full = os.fstat(file).st_size >= LARGEST_FILE
        finally:
            os.close(file)
        if full:
            self._turn()

    def recall(self) -> list[Line]:
        """The newest lines that earlier bridges wrote, oldest first; what cannot be read is left out."""
        found: deque[Line] = deque()
        for number in range(MOST_FILES):
            with contextlib.suppress(OSError):
                lines = list(self._read(number))[-(RECALLED - len(found)) :]
                found.extendleft(reversed(lines))
            if len(found) >= RECALLED:
                break
        return _rising(found)

    def _read(self, number: int) -> Iterator[Line]:
        file = os.open(self._path(number), os.O_RDONLY | _FLAGS)
        try:
            data = os.read(file, 2 * LARGEST_FILE)
        finally:
            os.close(file)
        for line in data.splitlines()[-RECALLED:]:
            with contextlib.suppress(ValueError):
                yield Line.model_validate_json(line)

    def _turn(self) -> None:
        for number in reversed(range(MOST_FILES - 1)):
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._path(number), self._path(number + 1))

    def _path(self, number: int) -> Path:
        return self._folder / (f"output.{number}.jsonl" if number else "output.jsonl")


def _rising(lines: Sequence[Line]) -> list[Line]:
    """Without those whose number is not above all before: the project may have written anything there."""
    found: list[Line] = []
    for line in lines:
        if not found or line.seq > found[-1].seq:
            found.append(line)
    return found
