"""What projects need of the keeper, and what the keeper needs of projects."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import structlog

from firefly.adapters.bridges import BridgeCalls
from firefly.client.bridge import BridgeClient
from firefly.errors import FireflyError
from firefly.git import Gateway
from firefly.projects.seams import WorkspaceFacts
from firefly.sandbox.backend import Instance, Limits, SandboxSpec
from firefly.sandbox.keeper import Keeper
from firefly.settings import Settings

log = structlog.get_logger()

FactsOf = Callable[[UUID], Awaitable[WorkspaceFacts | None]]
NumberOf = Callable[[UUID], Awaitable[int]]
# Tells the bridge which start of its workspace it is.
EPOCH = "FIREFLY_EPOCH"


class KeeperWorkspaces:
    """Fulfils `projects.Workspaces` with the keeper and its pool."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def claim(self) -> UUID:
        prepared = await self._keeper.claim_prepared()
        return prepared.workspace_id if prepared is not None else await self._keeper.create_workspace()

    def running(self, workspace_id: UUID) -> bool:
        return self._keeper.running(workspace_id) is not None

    def alive(self, workspace_id: UUID) -> bool:
        return self._keeper.alive(workspace_id)

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        await self._keeper.stop(workspace_id, reason)

    async def remove(self, workspace_id: UUID) -> None:
        await self._keeper.remove(workspace_id)


class ProjectSpecs:
    """Fulfils the keeper's `WorkspaceSource`: limits from the settings, trust from who owns the project."""

    def __init__(
        self, *, settings: Settings, facts_of: FactsOf, uid_of: NumberOf | None = None, epoch_of: NumberOf | None = None
    ) -> None:
        """`uid_of` and `epoch_of` are of the keeper's own table, which is made after this; set them before the first
        start.
        """
        self._limits = Limits(memory=settings.sandbox_memory, cpu=settings.sandbox_cpu, pids=settings.sandbox_pids)
        self._facts_of = facts_of
        self.uid_of = uid_of
        self.epoch_of = epoch_of

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        assert self.uid_of is not None
        assert self.epoch_of is not None
        facts = await self._facts_of(workspace_id)
        return SandboxSpec(
            workspace_id=workspace_id,
            uid=await self.uid_of(workspace_id),
            limits=self._limits,
            environment={**self._environment(facts), EPOCH: str(await self.epoch_of(workspace_id))},
            # Nobody's yet: empty, and claimed only after its owner was looked at again.
            trusted=facts is None or facts.owner_is_administrator,
        )

    def _environment(self, facts: WorkspaceFacts | None) -> Mapping[str, str]:
        return {} if facts is None else {"FIREFLY_PROJECT": f"{facts.owner}/{facts.name}"}


class RunObserver:
    """Gives each run its way to the hosted repository, and tells its bridge whose it is."""

    def __init__(self, *, gateway: Gateway, bridges: BridgeCalls, keeper: Keeper, facts_of: FactsOf) -> None:
        self._gateway = gateway
        self._bridges = bridges
        self._keeper = keeper
        self._facts_of = facts_of

    async def started(self, workspace_id: UUID, instance: Instance) -> None:
        await self._gateway.listen(workspace_id, self._keeper.gateway_path(workspace_id))
        facts = await self._facts_of(workspace_id)
        # One that is adopted frozen was told before, and would not answer now.
        if facts is None or self._keeper.is_frozen(instance):
            return
        try:
            async with asyncio.timeout(10), BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge:
                await bridge.configure(await self._bridges.configuration(facts))
        except (FireflyError, TimeoutError) as error:
            log.warning("bridge.unconfigured", workspace_id=str(workspace_id), reason=str(error))

    async def ended(self, workspace_id: UUID, instance: Instance) -> None:
        with contextlib.suppress(OSError):
            await self._gateway.silence(workspace_id)
