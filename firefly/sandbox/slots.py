"""What the keeper remembers of one workspace's sandbox, and how long it waits after failures."""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from firefly.clock import Clock
from firefly.errors import SandboxFailed

from .awake import KeepAwake
from .backend import Instance, Limits, State
from .starting import Turn
from .terms import Terms, Wishes

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# A run of this many seconds shows that the sandbox can live; failures before it no longer count.
GOOD_RUN = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the bridge of a run told last: what it is in the middle of, in words for people; which ports are open."""

    busy: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


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
    frozen_at: float = -math.inf
    owner: str | None = None
    """The name of who answers for it; None where nobody asked yet."""
    refusal: str = ""
    """Why it was not let start the last time: too many others ran."""
    turn: Turn | None = None
    """Its place among those that wait to be started."""
    returning: bool = False
    """Whether a start under way brings its files back from its archive."""
    awake: tuple[KeepAwake, ...] = ()
    born_at: datetime | None = None
    """Since when the run has been the workspace's own, which another server may have seen to."""
    terms: Terms = field(default_factory=Terms)
    limits: Limits | None = None
    """What the run was started with; None where an earlier server started it."""
    seen: Seen = field(default_factory=Seen)
    wished: Wishes | None = None
    """What firefly.yml asks for, as it was written down last."""
    looked_at: float = -math.inf
    unanswered: int = 0
    """How often in a row its bridge did not say what it does."""
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


class Slots:
    """Those of all workspaces that anybody asked for."""

    def __init__(self, clock: Clock, standard: Terms) -> None:
        self._clock = clock
        self._standard = standard
        self._slots: dict[UUID, Slot] = {}

    def of(self, workspace_id: UUID) -> Slot:
        found = self._slots.get(workspace_id)
        if found is None:
            found = self._slots[workspace_id] = self.fresh(workspace_id)
        return found

    def fresh(self, workspace_id: UUID) -> Slot:
        """That of a workspace of which nothing is known; it is not kept."""
        return Slot(workspace_id, self._clock.now(), terms=self._standard)

    def get(self, workspace_id: UUID) -> Slot | None:
        return self._slots.get(workspace_id)

    def forget(self, slot: Slot) -> None:
        if self._slots.get(slot.workspace_id) is slot:
            del self._slots[slot.workspace_id]

    def clear(self) -> None:
        self._slots.clear()

    def __iter__(self) -> Iterator[Slot]:
        return iter(list(self._slots.values()))
