"""What a forked process is called by `ps` and in /proc. Standard library only."""

import ctypes
from pathlib import Path

from firefly import privileges

# Room for the title of any process that is forked; without it titles are cut off at the length of the first one.
ROOM = " " * 200


class Title:
    """Where the command line lies that this process, or the one that it is forked from, was executed with.

    Looked up once, before any fork: what a forked process does not do, it needs no memory of its own for.
    """

    def __init__(self) -> None:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        self._start, end = map(int, fields[45:47])
        self._size = end - self._start

    def change(self, name: str, *arguments: str) -> None:
        """Replace the command line, as far as there was room for it."""
        text = "\0".join((name, *arguments)).encode()[: self._size - 1]
        ctypes.memmove(self._start, text + bytes(self._size - len(text)), self._size)
        privileges.name_process(name)
