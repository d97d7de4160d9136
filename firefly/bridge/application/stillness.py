"""Whether what was started still does something: what does nothing, and waits for nobody, will not listen either."""

import os
import time
from collections.abc import Iterator

from firefly.bridge.application.ports import members, reaches_out
from firefly.bridge.output import Output

# Seconds of processor time that are nothing, however long they took: timers of runtimes that rest.
LITTLE = 0.3
_TICKS = os.sysconf("SC_CLK_TCK")
# What runs, or waits for a disk.
_BUSY = frozenset({"R", "D"})


class Stillness:
    """Of a command, by its session; `alone`: whatever else runs here works for it, but for this process."""

    def __init__(self, session: int, output: Output, *, alone: bool) -> None:
        self._session = session
        self._output = output
        self._alone = alone
        self._since = time.monotonic()
        self._used, self._line = 0.0, output.last

    def lasts(self) -> float:
        """For how many seconds it has printed nothing, used next to nothing, and had no connection to elsewhere.

        It is only as exact as it is asked often. Looks through /proc: call it in a thread.
        """
        found = [stat for pid in self._pids() if (stat := _stat(pid)) is not None]
        used, line = sum(seconds for _, seconds in found), self._output.last
        busy = any(state in _BUSY for state, _ in found) or reaches_out(self._session)
        if busy or line != self._line or abs(used - self._used) > LITTLE:
            self._since, self._used, self._line = time.monotonic(), used, line
        return time.monotonic() - self._since

    def _pids(self) -> Iterator[str]:
        if not self._alone:
            return members(self._session)
        return (pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid())


def _stat(pid: str) -> tuple[str, float] | None:
    """The state of a process, and the seconds of processor time that it has used."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            # Its name, in brackets, may hold anything.
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], (int(fields[11]) + int(fields[12])) / _TICKS
