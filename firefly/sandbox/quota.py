"""How many sandboxes may run at one time: of one owner, and in all, whichever server keeps them."""

from uuid import UUID

from firefly.clock import Clock
from firefly.errors import TooManySandboxes
from firefly.settings import Settings

from .backend import State
from .census import Census, Counting
from .seams import WorkspaceSource
from .slots import Slots

# What holds memory; frozen ones do.
LIVE = (State.STARTING, State.RUNNING, State.FROZEN, State.STOPPING)
MOST_NAMED = 10


class Quota:
    """Administrators' own sandboxes are not bounded for them, but count for all together as everybody's do."""

    def __init__(
        self, settings: Settings, *, slots: Slots, source: WorkspaceSource, census: Census, clock: Clock
    ) -> None:
        self._each = settings.sandboxes_per_user
        self._all = settings.sandboxes_max
        self._slots = slots
        self._source = source
        self._census = census
        self._clock = clock

    async def admit(self, workspace_id: UUID | None, owner: str | None) -> None:
        """Return where one more may run, that of `workspace_id` then being one of them. `owner` is None for whoever
        has no bound; without a workspace it is only asked.

        Raises TooManySandboxes, which names the owner's, idle longest first.
        """
        each = self._each if owner is not None else 0
        if not (each or self._all):
            return
        await self._find_owners()
        async with self._census.open() as counting:
            count = await counting.count(owner, without=workspace_id)
            if each and count.own >= each:
                detail = (
                    f"{count.own} sandboxes of {owner} are awake or asleep; {each} are allowed. "
                    "Stop one that is not needed."
                )
                raise await self._refusal(counting, detail, owner, each)
            if self._all and count.live >= self._all:
                detail = (
                    f"{count.live} sandboxes run, which is all that there is room for. Stop one, or try again later."
                )
                raise await self._refusal(counting, detail, owner, self._all)
            if workspace_id is not None:
                await counting.admit(workspace_id, owner)

    async def _find_owners(self) -> None:
        """Of one that was adopted, or claimed before it had a project, nobody has asked yet."""
        for slot in self._slots:
            if slot.owner is None and slot.state in LIVE:
                slot.owner = (await self._source.spec(slot.workspace_id)).owner
                await self._census.own(slot.workspace_id, slot.owner)

    async def _refusal(self, counting: Counting, detail: str, owner: str | None, limit: int) -> TooManySandboxes:
        since = {} if owner is None else await counting.own(owner)
        used = {workspace_id: self._used(workspace_id, at.timestamp()) for workspace_id, at in since.items()}
        idle = sorted(used, key=used.__getitem__)[:MOST_NAMED]
        return TooManySandboxes(detail, limit=limit, workspaces=" ".join(map(str, idle)))

    def _used(self, workspace_id: UUID, since: float) -> float:
        """When it was used last, as far as this server knows."""
        slot = self._slots.get(workspace_id)
        if slot is None or slot.state not in LIVE:
            return since
        return self._clock.now().timestamp() - (self._clock.monotonic() - slot.active_at)
