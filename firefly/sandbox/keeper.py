"""The life of every sandbox: started on first need, kept with a state and a reason, stopped when nobody needs it."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.errors import Conflict
from firefly.settings import Settings
from firefly.store import Database

from .awake import KeepAwake
from .backend import Instance, SandboxBackend, State
from .granting import Asked, Source
from .lease import Lease
from .memory import available_share
from .pool import Pool, PreparedWorkspace
from .reaching import Reaching
from .seams import Doorman, Glance, Informant, Observer, Safe, Sight, Status, WorkspaceSource
from .slots import Slot
from .tenure import Tenure
from .terms import Terms, Wishes

__all__ = [
    "Asked", "Glance", "Informant", "KeepAwake", "Keeper", "Observer", "PreparedWorkspace", "Sight", "Status", "Terms",
    "Wishes", "WorkspaceSource",
]  # fmt: skip


class Keeper(Reaching):
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        database: Database,
        bus: Bus,
        source: WorkspaceSource,
        settings: Settings,
        clock: Clock | None = None,
        available_memory: Callable[[], float] = available_share,
        lease: Lease | None = None,
    ) -> None:
        """The backend is open, and whoever opened it closes it after the keeper.

        `available_memory` gives the free share of the machine's memory, 0 to 1. `lease`: instead of that of this node.
        """
        super().__init__(
            backend=backend, database=database, bus=bus, source=source, settings=settings, clock=clock or SystemClock(),
            available_memory=available_memory, lease=lease,
        )  # fmt: skip
        self._tenure = Tenure(self._lease, begin=self._begin, end=self._stand_back)
        self._stood_back = False

    @property
    def node(self) -> str:
        """Whose sandboxes are kept here."""
        return self._lease.node

    @property
    def pool(self) -> Pool:
        return self._preparation.pool

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of runs from now on. Before `open`, so that it also hears of adopted ones."""
        self._lifecycle.observers.append(observer)

    def save_in(self, safe: Safe) -> None:
        """Keep the files of workspaces there besides. Before `open`."""
        self._lifecycle.safe = safe

    def ask_before(self, doorman: Doorman) -> None:
        """Ask `doorman` before a sandbox is started, from now on."""
        self._lifecycle.doorman = doorman

    def inform_by(self, informant: Informant) -> None:
        """Ask `informant` what sandboxes are in the middle of, from now on."""
        self._looking.informant = informant

    async def open(self) -> None:
        """Keep the sandboxes of this node, now or as soon as no other server does."""
        await self._tenure.open()

    async def _begin(self) -> None:
        """Adopt what still runs, reconcile the table, begin to watch and to fill the pool."""
        if self._stood_back:
            await self._backend.open()
            self._stood_back = False
        leftovers = await self._reconciliation.run()
        self._tasks.start(self._preparation.clear(leftovers), "sandbox-leftovers")
        self._tasks.start(self._sweeping.always(), "sandbox-sweep")
        self._tasks.start(self.archiving.always(), "workspace-archives")
        if self._backend.capabilities().isolated:
            self.pool.open()

    async def _stand_back(self) -> None:
        """Leave all sandboxes as they are, to the server that keeps them now."""
        self._stood_back = True
        await self.pool.close()
        self.pool.abandon()
        await self._tasks.close()
        self._slots.clear()
        await self._backend.close()

    async def close(self, *, stop_all: bool = False, give_up: bool = True) -> None:
        """End the keeper's own work; with `stop_all` every sandbox too. `give_up`: let any server keep them at once."""
        await self._tenure.close()
        await self.pool.close()
        if stop_all and self._lease.held:
            await self.pool.pause()
            async with asyncio.TaskGroup() as group:
                for slot in self._slots:
                    group.create_task(self.stop(slot.workspace_id, "The server was shut down."))
        await self._tasks.close()
        if give_up:
            await self._tenure.give_up()

    async def create_workspace(self, layer_id: UUID | None = None) -> UUID:
        """Enter a new workspace, claimed: empty, or with the files of a layer. It is made at the first start."""
        return await self.workspaces.create(claimed=True, layer_id=layer_id)

    async def claim_prepared(self, owner: str | None = None) -> PreparedWorkspace | None:
        """Take a workspace with a running sandbox from the pool; None where it is empty just now.

        Raises TooManySandboxes where `owner` may have no more; None has no bound.
        """
        return await self._claiming.claim(owner)

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        """The running sandbox, woken or started where there is none. `insist` does not wait out a crash loop.

        Raises SandboxFailed(reason, output, retry_after), NotFound.
        """
        return await self._waking.ensure(workspace_id, insist=insist)

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        """End the sandbox, and a start under way; to the end, also when the caller is cancelled."""
        self._lease.check()
        slot = self._slots.get(workspace_id)
        if slot is not None:
            await self._tasks.finish(self._lifecycle.stop(slot, reason), f"sandbox-stop-{workspace_id}")

    async def freeze(self, workspace_id: UUID, reason: str) -> None:
        """Pause the sandbox until somebody needs it. Raises Conflict where it does not run, or this machine cannot."""
        if not self._backend.capabilities().freezes:
            raise Conflict("Sandboxes cannot be frozen on this machine. Stop it instead.")
        self._lease.check()
        slot = self._slots.get(workspace_id)
        if slot is None or slot.state not in (State.RUNNING, State.FROZEN):
            raise Conflict("It does not run.")
        await self._tasks.finish(self._freeze(slot, reason), f"sandbox-freeze-{workspace_id}")

    async def _freeze(self, slot: Slot, reason: str) -> None:
        if slot.state is State.RUNNING:
            # What it is in the middle of is remembered: it is not stopped in its sleep then.
            await self._looking.look(slot)
        await self._lifecycle.freeze(slot, reason)

    async def restart(self, workspace_id: UUID, reason: str = "Restarted on request.") -> Instance:
        await self.stop(workspace_id, reason)
        return await self.ensure(workspace_id, insist=True)

    async def status(self, workspace_id: UUID) -> Status:
        status = await self._telling.status(self._slots.get(workspace_id) or self._slots.fresh(workspace_id))
        return replace(status, rest=await self._archives.rest(workspace_id))

    def glance(self, workspace_id: UUID) -> Glance:
        """What a list shows of it; no input or output."""
        return self._telling.glance(self._slots.get(workspace_id) or self._slots.fresh(workspace_id))

    def place(self, workspace_id: UUID) -> str:
        """What one that is to start waits for, in a sentence; empty where it does not wait."""
        slot = self._slots.get(workspace_id)
        return self._lifecycle.place(slot) if slot is not None else ""

    async def asked(self, workspace_id: UUID) -> Asked:
        """What firefly.yml and the project's settings ask for, and what they get."""
        return await self._granting.asked(workspace_id)

    async def ask(self, workspace_id: UUID, wishes: Wishes) -> None:
        """Let the project's settings ask for this; limits change at the next start. Raises InvalidInput."""
        terms = await self._granting.put(workspace_id, Source.SETTINGS, wishes)
        slot = self._slots.of(workspace_id)
        slot.terms = terms
        await self._lifecycle.write(slot)

    async def keep_awake(self, workspace_id: UUID, account_id: UUID, seconds: float, reason: str) -> None:
        """Wake it, and take it for used for so long. Raises InvalidInput, LimitReached, and what `ensure` raises."""
        await self._awakes.add(workspace_id, account_id, seconds=seconds, reason=reason)
        await self._heed(workspace_id)
        await self.ensure(workspace_id)

    async def let_sleep(self, workspace_id: UUID, keep_awake_id: UUID) -> None:
        """Keep it awake no longer for that. Raises NotFound."""
        await self._awakes.remove(workspace_id, keep_awake_id)
        await self._heed(workspace_id)

    async def _heed(self, workspace_id: UUID) -> None:
        slot = self._slots.of(workspace_id)
        slot.awake = await self._awakes.of(workspace_id)
        await self._lifecycle.write(slot)

    def touch(self, workspace_id: UUID, at: float | None = None) -> None:
        """Something was done with the sandbox: put off that it is frozen or stopped, and wake it.

        `at`: when, by the monotonic clock, if not now; what was before it was frozen does not wake it.
        """
        self._waking.touch(workspace_id, at)

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        """`ensure`, then connect to a port inside. Raises what both raise."""
        instance = await self.ensure(workspace_id)
        return instance, await self._backend.connect(instance.id, port)

    async def remove(self, workspace_id: UUID) -> None:
        """Stop the sandbox and delete the workspace and its files, for good."""
        self._lease.check()
        # In this order: from the mark on no start finds it, and those that began before are ended.
        await self.workspaces.mark_deleted(workspace_id)
        await self.stop(workspace_id, "The workspace is being deleted.")
        if self._lifecycle.safe is not None:
            await self._lifecycle.safe.forget(workspace_id)
        if slot := self._slots.get(workspace_id):
            self._slots.forget(slot)
        await self._backend.remove_workspace(workspace_id)
        await self.workspaces.drop(workspace_id)

    async def empty(self, workspace_id: UUID, reason: str) -> None:
        """Stop the sandbox and delete its files. The workspace stays, and begins its next run as it did its first."""
        await self.stop(workspace_id, reason)
        await self._lifecycle.empty(self._slots.of(workspace_id))

    async def sweep(self) -> None:
        """Freeze and stop what nobody has used for as long as its terms say; give up the pool if memory is short."""
        await self._sweeping.sweep()
