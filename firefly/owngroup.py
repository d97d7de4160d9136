"""What a process uses with all that is in its control group, as that tells from inside: version 2, else 1.

Standard library only. Zero where it cannot be seen.
"""

from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MICRO, NANO = 1_000_000, 1_000_000_000


class OwnGroup:
    """`groups` is where control groups are mounted."""

    def __init__(self, groups: Path = GROUPS) -> None:
        self._groups = groups
        self._unified = (groups / "memory.current").exists()

    def memory(self) -> int:
        """Bytes."""
        return self._number("memory.current" if self._unified else "memory/memory.usage_in_bytes")

    def cpu_seconds(self) -> float:
        if self._unified:
            return self._number("cpu.stat") / MICRO
        return self._number("cpuacct/cpuacct.usage") / NANO

    def pids(self) -> int:
        return self._number("pids.current" if self._unified else "pids/pids.current")

    def oom_kills(self) -> int:
        """How many processes were ended so far because the memory was used up."""
        return self._number("memory.events" if self._unified else "memory/memory.oom_control", "oom_kill")

    def _number(self, file: str, name: str = "") -> int:
        """The first in it, or the one behind a name."""
        try:
            words = (self._groups / file).read_text().split()
            return int(words[words.index(name) + 1] if name else next(filter(str.isdigit, words)))
        except (OSError, StopIteration, ValueError, IndexError):
            return 0
