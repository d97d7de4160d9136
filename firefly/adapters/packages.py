"""The cache of packages, at the gateway of every sandbox that runs."""

from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

from firefly.packages import Door, Registry, Shelf, find
from firefly.sandbox.backend import Instance
from firefly.sandbox.keeper import Keeper
from firefly.settings import Settings


class Packages:
    """Observes the keeper's runs; nothing is opened where the settings keep no packages."""

    def __init__(self, settings: Settings, keeper: Keeper) -> None:
        self._keeper = keeper
        self._shelf = Shelf(settings.data_dir / "packages", settings.package_cache)
        self._registry = Registry(self._shelf, partial(find, settings))
        self._door = Door(self._registry)
        self._wanted = settings.package_cache > 0

    async def open(self, stack: AsyncExitStack) -> None:
        if self._wanted:
            await self._shelf.open()
            stack.push_async_callback(self._registry.close)
            stack.push_async_callback(self._door.close)

    async def started(self, workspace_id: UUID, instance: Instance) -> None:
        if self._wanted:
            await self._door.listen(workspace_id, self._keeper.gateway_path(workspace_id))

    async def ended(self, workspace_id: UUID, instance: Instance) -> None:
        await self._door.silence(workspace_id)
