"""What a forked process is called by `ps` and in /proc. Standard library only."""

import ctypes
from pathlib import Path

from firefly import privileges

# Room for the title of any process that is forked; without it titles are cut off at the length of the first one.
ROOM = " " * 200


def set_title(name: str, *arguments: str) -> None:
    """Replace the command line that the process was executed with, as far as there was room for it."""
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])
    text = b"\0".join(map(str.encode, (name, *arguments)))[: end - start - 1]
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)
    privileges.name_process(name)
