"""The processes of a sandbox, seen from outside: their tree, what they use, and how one ended.

Standard library only: runs in the supervisor.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .cgroups import Group

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    try:
        return [int(name) for name in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def first_child(pid: int) -> int:
    """Where it is executed the bridge is the child of the sandbox's first process. 0: it has none."""
    found = children(pid) if pid else []
    return found[0] if found else 0


def descendants(pid: int) -> list[int]:
    """All processes below `pid`. Orphans of a sandbox fall to its first process, so none is missed."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in _threads(waiting.pop()):
            found += task
            waiting += task
    return found


def _threads(pid: int) -> list[list[int]]:
    lists: list[list[int]] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                lists.append([int(name) for name in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()])
    return lists


def _resident(pid: int) -> int:
    """Bytes of a process that it alone answers for: resident, without the files it maps."""
    with contextlib.suppress(OSError, ValueError):
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * PAGE
    return 0


def _own_share(pid: int) -> int:
    """Like `_resident`, but exact where processes share memory after a fork; dear to ask for."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) << 10
    return _resident(pid)


def _times(pid: int) -> tuple[float, int]:
    """Seconds of processor time, waited-for children included, and the number of threads."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK, int(fields[17])
    return 0.0, 0


def spent(everyone: Sequence[int]) -> float:
    """Seconds of processor time."""
    return sum(_times(one)[0] for one in everyone)


def stats(everyone: Sequence[int], group: Group | None, *, oom_kills: int = 0) -> dict[str, Any]:
    times = [_times(one) for one in everyone]
    memory, pids = sum(map(_resident, everyone)), sum(threads for _, threads in times)
    if group is not None:
        with contextlib.suppress(OSError):
            memory, pids = group.usage()
    seconds = round(sum(seconds for seconds, _ in times), 2)
    return {"memory": memory, "cpu_seconds": seconds, "pids": pids, "oom_kills": oom_kills}


def end_hogs(everyone: Sequence[int], memory: int, log: Callable[[str], None]) -> int:
    """Where no control group does it: kill the largest processes until the rest fits into `memory` bytes; how many."""
    ended = 0
    if sum(map(_resident, everyone)) <= memory:
        return ended
    sizes = sorted(((_own_share(one), one) for one in everyone), reverse=True)
    total = sum(size for size, _ in sizes)
    for size, victim in sizes:
        if total <= memory:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            log(f"a process of {size >> 20} MiB was ended: the sandbox may use {memory >> 20} MiB")
            ended += 1
        total -= size
    return ended


def explain(code: int | None, *, oom_kills: int = 0, memory: int = 0) -> str:
    """A sentence on an exit code, for people. bubblewrap reports a signal as 128 + its number."""
    if code is None:
        return "The sandbox did not start."
    number = -code if code < 0 else code - 128
    if number == signal.SIGKILL and oom_kills:
        return (
            f"It ran out of memory: {memory >> 20} MiB is all that it may use. Ask for more in firefly.yml, by "
            "`resources: {memory: …}`, or let it need less."
        )
    if number == signal.SIGKILL:
        return "The bridge was killed, most likely for using too much memory."
    if 0 < number <= 64:
        return f"The bridge was ended by signal {number}."
    return f"The bridge ended with code {code}."
