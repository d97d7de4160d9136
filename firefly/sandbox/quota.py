"""How many sandboxes may run at one time: of one owner, and in all."""

from collections.abc import Sequence

from firefly.errors import TooManySandboxes
from firefly.settings import Settings

from .backend import State
from .seams import WorkspaceSource
from .slots import Slot, Slots

# What holds memory; frozen ones do.
LIVE = (State.STARTING, State.RUNNING, State.FROZEN, State.STOPPING)
MOST_NAMED = 10


class Quota:
    """Administrators' own sandboxes are not bounded for them, but count for the machine as everybody's do."""

    def __init__(self, settings: Settings, *, slots: Slots, source: WorkspaceSource) -> None:
        self._each = settings.sandboxes_per_user
        self._all = settings.sandboxes_max
        self._slots = slots
        self._source = source

    async def admit(self, slot: Slot | None, owner: str | None) -> None:
        """Return where one more may run, `slot` then being one of them. `owner` is None for whoever has no bound.

        Raises TooManySandboxes, which names the owner's, idle longest first.
        """
        for other in self._slots:
            # Of one that was adopted, or claimed before it had a project, nobody has asked yet.
            if other.owner is None and other.state in LIVE:
                other.owner = (await self._source.spec(other.workspace_id)).owner
        # From here on without a wait, so that simultaneous ones do not pass together.
        live = [other for other in self._slots if other is not slot and (other.admitted or other.state in LIVE)]
        own = [other for other in live if owner is not None and other.owner == owner]
        if self._each and owner is not None and len(own) >= self._each:
            raise _refusal(
                f"{len(own)} sandboxes of {owner} are awake or asleep; {self._each} are allowed. "
                "Stop one that is not needed.",
                own, self._each,
            )  # fmt: skip
        if self._all and len(live) >= self._all:
            raise _refusal(
                f"{len(live)} sandboxes run on this server, which is all that it has room for. Stop one, or try again "
                "later.",
                own, self._all,
            )  # fmt: skip
        if slot is not None:
            slot.admitted = True


def _refusal(detail: str, own: Sequence[Slot], limit: int) -> TooManySandboxes:
    idle = sorted(own, key=lambda slot: slot.active_at)[:MOST_NAMED]
    return TooManySandboxes(detail, limit=limit, workspaces=" ".join(str(slot.workspace_id) for slot in idle))
