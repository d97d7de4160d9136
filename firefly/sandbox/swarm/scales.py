"""Measures what a sandbox's files take up, in its own first process, which nobody inside can touch.

Standard library only.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from firefly.sandbox.disk import Usage, measure
from firefly.sandbox.growth import Growth

# Its files end with it, so there is nothing to be remembered of them.
NOWHERE = Path("/nowhere")


class Scales:
    """Without a process of its own for it, since those inside may use up all that there may be."""

    def __init__(self, folders: Sequence[Path], most: Usage, *, spent: Callable[[], float]) -> None:
        self._folders = folders
        self._growth = Growth(folders[0], most, note=NOWHERE, spent=spent)
        self._look_at = 0.0

    def pause(self) -> float:
        """Seconds until the next `look`."""
        return max(self._look_at - time.monotonic(), 0.01)

    def look(self) -> str:
        """A sentence where there is too much, else nothing."""
        if time.monotonic() < self._look_at:
            return ""
        said = self._weigh() if self._growth.due() else ""
        self._look_at = time.monotonic() + self._growth.pause
        return said

    def _weigh(self) -> str:
        self._growth.begin()
        began = time.process_time()
        usage = measure(self._folders, files=self._growth.counted)
        return self._growth.take(usage, time.process_time() - began)
