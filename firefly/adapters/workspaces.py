"""What projects need of the keeper, and what the keeper needs of projects."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import aiohttp
import structlog
from pydantic import ValidationError

from firefly.adapters.bridges import BridgeCalls
from firefly.adapters.sealing import Sealing
from firefly.client.bridge import BridgeClient
from firefly.errors import FireflyError, SandboxFailed
from firefly.git import Gateway
from firefly.projects.seams import WorkspaceFacts
from firefly.sandbox.backend import Instance, Layer, Limits, SandboxSpec
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.workspaces import Standing
from firefly.settings import Settings

log = structlog.get_logger()

FactsOf = Callable[[UUID], Awaitable[WorkspaceFacts | None]]
LayersOf = Callable[[UUID], Awaitable[Sequence[Layer]]]
Forget = Callable[[UUID], Awaitable[None]]
StandingOf = Callable[[UUID], Awaitable[Standing]]
# Tells the bridge which start of its workspace it is.
EPOCH = "FIREFLY_EPOCH"
SAVE_LIMIT = 20.0


async def save(bridge_path: Path) -> str:
    """Have a run's edits kept outside of it now; why that failed, empty where it did not. Has a limit."""
    try:
        async with asyncio.timeout(SAVE_LIMIT), BridgeClient.on_socket(bridge_path) as bridge:
            return (await bridge.flush(timeout=SAVE_LIMIT)).error
    # What answers runs beside the project's code, so it may say anything, and a run that is broken must end too.
    except (FireflyError, TimeoutError, aiohttp.ClientError, ValidationError) as error:
        return str(error) or type(error).__name__


class KeeperWorkspaces:
    """Fulfils `projects.Workspaces` with the keeper and its pool."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def claim(self, owner: str | None = None, *, layer_id: UUID | None = None, fresh: bool = False) -> UUID:
        if layer_id is not None or fresh:
            return await self._keeper.create_workspace(layer_id)
        prepared = await self._keeper.claim_prepared(owner)
        return prepared.workspace_id if prepared is not None else await self._keeper.create_workspace()

    def running(self, workspace_id: UUID) -> bool:
        return self._keeper.running(workspace_id) is not None

    def alive(self, workspace_id: UUID) -> bool:
        return self._keeper.alive(workspace_id)

    async def save(self, workspace_id: UUID) -> str:
        # What is frozen was saved before, and so was what was stopped.
        if self._keeper.running(workspace_id) is None:
            return ""
        return await save(self._keeper.bridge_path(workspace_id))

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        await self._keeper.stop(workspace_id, reason)

    async def remove(self, workspace_id: UUID) -> None:
        await self._keeper.remove(workspace_id)


class ProjectSpecs:
    """Fulfils the keeper's `WorkspaceSource`: limits from the settings, trust from who owns the project."""

    def __init__(self, *, settings: Settings, facts_of: FactsOf, standing_of: StandingOf | None = None) -> None:
        """`standing_of` is of the keeper's own table, which is made after this; set it before the first start."""
        self._limits = Limits(
            memory=settings.sandbox_memory, cpu=settings.sandbox_cpu, pids=settings.sandbox_pids,
            disk=settings.sandbox_disk, files=settings.sandbox_files,
        )  # fmt: skip
        self._facts_of = facts_of
        self.standing_of = standing_of
        self.layers_of: LayersOf | None = None

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        assert self.standing_of is not None
        facts = await self._facts_of(workspace_id)
        standing = await self.standing_of(workspace_id)
        return SandboxSpec(
            workspace_id=workspace_id,
            uid=standing.uid,
            limits=self._limits,
            layers=await self.layers_of(workspace_id) if self.layers_of and standing.layered else (),
            environment={**self._environment(facts), EPOCH: str(standing.epoch)},
            # Nobody's yet: empty, and claimed only after its owner was looked at again.
            trusted=facts is None or facts.owner_is_administrator,
            owner=facts.payer if facts else "",
            bounded=facts is not None and facts.is_bounded,
        )

    def _environment(self, facts: WorkspaceFacts | None) -> Mapping[str, str]:
        return {} if facts is None else {"FIREFLY_PROJECT": f"{facts.owner}/{facts.name}"}


class RunObserver:
    """Gives each run its way to the hosted repository, tells its bridge whose it is, has it restore what is lost."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        bridges: BridgeCalls,
        keeper: Keeper,
        facts_of: FactsOf,
        forget: Forget,
        sealing: Sealing,
    ) -> None:
        """`forget` drops the copy of files that git ignores."""
        self._sealing = sealing
        self._gateway = gateway
        self._bridges = bridges
        self._keeper = keeper
        self._facts_of = facts_of
        self._forget = forget
        self._lost: set[UUID] = set()

    async def started(self, workspace_id: UUID, instance: Instance) -> None:
        self._lost.discard(workspace_id)
        await self._gateway.listen(workspace_id, self._keeper.gateway_path(workspace_id))
        facts = await self._facts_of(workspace_id)
        # Whoever fills one configures it then; before, there is nothing to run or to save. One that is adopted frozen
        # was told before, and would not answer now.
        if facts is None or not facts.filled or self._keeper.is_frozen(instance):
            return
        try:
            async with asyncio.timeout(10), BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge:
                configured = await bridge.configure(await self._bridges.configuration(facts))
        except (FireflyError, TimeoutError) as error:
            log.warning("bridge.unconfigured", workspace_id=str(workspace_id), reason=str(error))
            return
        if configured.lost:
            self._lost.add(workspace_id)

    async def restore(self, workspace_id: UUID, instance: Instance, *, archived: bool = False) -> None:
        if workspace_id not in self._lost:
            if archived:
                raise SandboxFailed("The files of this workspace could not be brought back yet. Try again in a moment.")
            return
        log.warning("workspace.lost", workspace_id=str(workspace_id))
        try:
            async with BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge:
                restored = await bridge.restore()
        except (FireflyError, TimeoutError) as error:
            raise SandboxFailed(
                f"The files of this workspace are gone, and could not be restored yet: {error}"
            ) from error
        self._lost.discard(workspace_id)
        log.info("workspace.restored", workspace_id=str(workspace_id), files=restored.files)

    async def seal(self, workspace_id: UUID, bridge: Path, gateway: Path) -> str:
        return await self._sealing.seal(workspace_id, bridge, gateway)

    async def save(self, workspace_id: UUID, instance: Instance) -> None:
        if reason := await save(self._keeper.bridge_path(workspace_id)):
            log.warning("workspace.unsaved", workspace_id=str(workspace_id), reason=reason)

    async def forget(self, workspace_id: UUID) -> None:
        self._lost.discard(workspace_id)
        await self._forget(workspace_id)

    async def ended(self, workspace_id: UUID, instance: Instance) -> None:
        with contextlib.suppress(OSError):
            await self._gateway.silence(workspace_id)
