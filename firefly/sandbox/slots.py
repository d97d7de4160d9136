"""What the keeper remembers of one workspace's sandbox, and how long it waits after failures."""

import asyncio
import math
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from firefly.errors import SandboxFailed

from .backend import Instance, State

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# A run of this many seconds shows that the sandbox can live; failures before it no longer count.
GOOD_RUN = 60.0


@dataclass(slots=True)
class Slot:
    """`lock` is held while a run begins or ends. `instance` is set a little before the state says `running`."""

    workspace_id: UUID
    since: datetime
    state: State = State.ABSENT
    reason: str = "Not started yet."
    output: str = ""
    instance: Instance | None = None
    last_instance_id: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a change is written down, so that the table ends with the last one."""
    start: "asyncio.Task[Instance] | None" = None
    watcher: "asyncio.Task[None] | None" = None
    active_at: float = 0.0
    started_at: float = 0.0
    failures: int = 0
    retry_at: float = -math.inf

    def begin(self, start: "asyncio.Task[Instance]") -> None:
        """Note a start under way. Its end is seen from outside: one cancelled early never runs a line of its own."""
        self.start = start
        start.add_done_callback(self._begun)

    def _begun(self, start: "asyncio.Task[Instance]") -> None:
        if self.start is start:
            self.start = None

    def failed(self, now: float) -> None:
        """Count a failure: 1, 2, 4 ... 60 seconds pass until the next start."""
        self.failures += 1
        self.retry_at = now + min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)

    def ended_by_itself(self, now: float) -> None:
        if now - self.started_at >= GOOD_RUN:
            self.failures = 0
        self.failed(now)

    def forgive(self) -> None:
        self.failures = 0
        self.retry_at = -math.inf

    def check_pause(self, now: float) -> None:
        """Raises SandboxFailed while the pause after a failure lasts."""
        if now < self.retry_at:
            raise SandboxFailed(self.reason, output=self.output, retry_after=self.retry_at - now)
