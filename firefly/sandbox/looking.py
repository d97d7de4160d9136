"""Asks bridges what they are in the middle of, which ports are open, and what firefly.yml asks for."""

from dataclasses import replace

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError

from .granting import Granting, Source
from .lifecycle import Lifecycle
from .seams import Informant, Sight
from .slots import Seen, Slot
from .workspaces import Records

log = structlog.get_logger()

# A bridge that does not answer may have its hands full; one that never does keeps nothing awake.
PATIENCE = 3
UNANSWERED = "its project server does not answer"


class Looking:
    """What a bridge says is a hostile project's word: it puts idle steps off, no longer than a run may last at all."""

    def __init__(self, *, granting: Granting, records: Records, lifecycle: Lifecycle, clock: Clock) -> None:
        self._granting = granting
        self._lifecycle = lifecycle
        self._records = records
        self._clock = clock
        self.informant: Informant | None = None

    def is_worth_it(self, slot: Slot) -> bool:
        """Whether something may be new: it was used, or in the middle of something, when it was last looked at."""
        return bool(slot.seen.busy) or slot.active_at >= slot.looked_at

    async def look(self, slot: Slot) -> None:
        """Ask; whoever is in the middle of something has done something just now."""
        if self.informant is None:
            return
        slot.looked_at = self._clock.monotonic()
        try:
            sight = await self.informant.look(slot.workspace_id)
        except FireflyError as error:
            log.debug("sandbox.unseen", workspace_id=str(slot.workspace_id), reason=error.detail)
            slot.unanswered += 1
            slot.seen = replace(slot.seen, busy=(UNANSWERED,) if slot.unanswered <= PATIENCE else ())
        else:
            slot.unanswered = 0
            await self._take(slot, sight)
        if slot.seen.busy:
            slot.active_at = max(slot.active_at, slot.looked_at)

    async def _take(self, slot: Slot, sight: Sight) -> None:
        before, slot.seen = slot.seen, Seen(sight.busy, sight.ports)
        moved, wishes = sight.ports != before.ports, sight.wishes
        if wishes is not None and wishes != slot.wished:
            slot.terms = await self._granting.put(slot.workspace_id, Source.FILE, wishes)
            slot.wished = wishes
        elif not moved:
            return
        # Servers that do not keep it read the ports there.
        await self._lifecycle.write(slot)
        if moved:
            await self._records.tell("sandbox.ports", slot.workspace_id, ports=list(sight.ports))
