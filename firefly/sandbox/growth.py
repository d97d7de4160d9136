"""Whether a workspace may have grown too large, and what is said of one that has.

Standard library only: runs in the supervisor.
"""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from .disk import Usage, taken

# Seconds between two looks, which are longer where nothing is done.
INTERVAL, LONGEST = 2.0, 6.0
# Measuring may cost one part in so many of the processor time that the sandbox itself has used meanwhile.
SHARE = 20
FIRST, IDLE = 1.0, 0.005
# Whoever has used so many seconds of it is measured after so many of the clock, or so many times what measuring takes:
# what fills up is not seen while others delete.
BUSY, EVERY, RARELY = 0.05, 10.0, 500
# Times as many files as there may be are counted, so that it is known what there is to delete.
MANY = 4
# What a workspace that has too much may still grow by, so that somebody can go in and delete.
SLACK, SLACK_FILES = 16 << 20, 1000


class Growth:
    """`place` is a folder on the workspace's file system. `spent` tells the seconds of processor time that its sandbox
    has used: without using any nothing grows. `note` is a file that keeps what was too much from one run to the next.

    Whoever has one looks every `pause` seconds, measures when it is `due`, and tells what came of it.
    """

    def __init__(self, place: Path, most: Usage, *, note: Path, spent: Callable[[], float]) -> None:
        self._place = place
        self._most = most
        self._note = note
        self._spent = spent
        self._allowed = self._remembered()
        self._seen = Usage()
        self._cost = 0.0
        self._spent_then = 0.0
        self._disk_then = taken(place)
        self._measured_at = time.monotonic()
        self.pause = INTERVAL

    @property
    def counted(self) -> int:
        """So many files are worth counting."""
        return MANY * self._allowed.files

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

    def due(self) -> bool:
        """Whether it is to be measured now."""
        used = self._spent() - self._spent_then
        if used < IDLE:
            self.pause = min(1.5 * self.pause, LONGEST)
            return False
        self.pause = INTERVAL
        waited = time.monotonic() - self._measured_at
        if used >= max(FIRST, SHARE * self._cost) or (used >= BUSY and waited >= max(EVERY, RARELY * self._cost)):
            return True
        now, then = taken(self._place), self._disk_then
        left = Usage(self._allowed.size - self._seen.size, self._allowed.files - self._seen.files)
        return 2 * (now.size - then.size) >= left.size or 2 * (now.files - then.files) >= left.files

    def begin(self) -> None:
        """A measurement begins now."""
        self._spent_then, self._disk_then = self._spent(), taken(self._place)
        self._measured_at = time.monotonic()

    def take(self, seen: Usage, cost: float) -> str:
        """What was measured, in `cost` seconds of processor time. A sentence where that is too much, else nothing."""
        self._seen, self._cost = seen, cost
        self._remember()
        return self._complain() if seen.exceeds(self._allowed) else ""

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
