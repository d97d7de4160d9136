"""What commands of a build left running: found wherever it went, and ended."""

import os
import signal
import time
from pathlib import Path

from firefly.privileges import prctl

PR_SET_CHILD_SUBREAPER = 36
# Of looking again for what was started meanwhile, and the seconds between.
ROUNDS, PAUSE = 50, 0.01


def inherit() -> None:
    """From now on whatever loses its parent becomes a child of this process, so that it is found."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_all() -> int:
    """Kill every descendant of this process; returns how many there were. Blocks until none is left, or half a second.

    No other child of it may be waited for meanwhile.
    """
    ended: set[int] = set()
    for _ in range(ROUNDS):
        found = _descendants()
        if not found:
            break
        for pid in found:
            _kill(pid)
        ended |= found
        _reap()
        time.sleep(PAUSE)
    return len(ended)


def _descendants() -> set[int]:
    parents = {pid: parent for pid, parent in map(_parent, _processes()) if parent}
    own, found = os.getpid(), set[int]()
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if (parent == own or parent in found) and pid not in found}
        found |= more
        grown = bool(more)
    return found


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _parent(pid: int) -> tuple[int, int]:
    """0 for one that has gone."""
    try:
        # The name of the program, in brackets, may hold anything.
        return pid, int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return pid, 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return
