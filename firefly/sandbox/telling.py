"""How a sandbox stands, for whoever asks."""

import contextlib
from uuid import UUID

from firefly.clock import Clock
from firefly.errors import TimedOut, Unavailable

from .backend import SandboxBackend, State
from .granting import Granting
from .idleness import Idleness
from .lifecycle import Lifecycle
from .seams import Glance, Status
from .slots import Slot
from .terms import size
from .workspaces import Records

OUT_OF_MEMORY = (
    "It ran out of memory: {count} of its processes were ended, since {memory} is all that it may use. Ask for more in "
    "firefly.yml, by `resources: {{memory: …}}`, or let it need less."
)
CHANGED = "Its limits were changed: it has the new ones when it is restarted."


class Telling:
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        lifecycle: Lifecycle,
        idleness: Idleness,
        granting: Granting,
        records: Records,
        clock: Clock,
    ) -> None:
        self._backend = backend
        self._granting = granting
        self._records = records
        self._lifecycle = lifecycle
        self._idleness = idleness
        self._clock = clock

    def glance(self, slot: Slot) -> Glance:
        """Without input or output."""
        return Glance(
            state=slot.state,
            reason=self._lifecycle.place(slot) or slot.reason,
            freezes_at=self._idleness.freezes_at(slot),
            stops_at=self._idleness.stops_at(slot),
        )

    async def status(self, slot: Slot) -> Status:
        """As another server tells, where that keeps it."""
        if slot.state is State.ABSENT and (found := await self._elsewhere(slot.workspace_id)) is not None:
            return found
        lives = slot.state in (State.RUNNING, State.FROZEN) and slot.instance is not None
        usage, limits, notes = None, slot.terms.limits, slot.terms.notes
        if lives and slot.instance is not None:
            with contextlib.suppress(Unavailable, TimedOut):
                usage = await self._backend.stats(slot.instance.id)
            if slot.limits not in (None, limits):
                limits, notes = slot.limits or limits, (*notes, CHANGED)
            if usage is not None and usage.oom_kills:
                notes = (*notes, OUT_OF_MEMORY.format(count=usage.oom_kills, memory=size(limits.memory)))
        glance = self.glance(slot)
        return Status(
            state=glance.state,
            reason=glance.reason,
            since=slot.since,
            limits=limits,
            freezes_at=glance.freezes_at,
            stops_at=glance.stops_at,
            instance_id=slot.instance.id if slot.instance else None,
            usage=usage,
            busy=slot.seen.busy if lives else (),
            ports=slot.seen.ports if slot.state is State.RUNNING else (),
            notes=notes,
            refusal="" if lives else slot.refusal,
            awake=tuple(one for one in slot.awake if one.until > self._clock.now()),
        )

    async def _elsewhere(self, workspace_id: UUID) -> Status | None:
        """As another server, which keeps it, has written down; None where none does."""
        found = await self._records.elsewhere(workspace_id)
        if found is None:
            return None
        return Status(
            state=found.state,
            reason=found.reason,
            since=found.since,
            limits=(await self._granting.terms(workspace_id)).limits,
            instance_id=found.instance_id if found.state in (State.RUNNING, State.FROZEN) else None,
            ports=found.ports if found.state is State.RUNNING else (),
        )
