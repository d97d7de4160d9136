"""The table `layers`: trees that were made ready, what lies below what, which workspaces use them, and their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError
from firefly.store import Database, load_queries

from .backend import Layer, SandboxBackend

log = structlog.get_logger()

# As deep as a stack may get. On the next one everything is made anew, as one layer.
DEEPEST = 5
UNUSED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ready:
    """The newest layer of a template or a project; `origin` is what it is the tree of.

    `reaches` are the commits, with spaces between them, from which the history in it can be seen.
    """

    id: UUID
    origin: str
    reaches: str
    depth: int


class Layers:
    def __init__(self, database: Database, backend: SandboxBackend, clock: Clock) -> None:
        self._database = database
        self._backend = backend
        self._clock = clock
        self._queries: Any = load_queries("layers")

    async def below(self, workspace_id: UUID) -> Sequence[Layer]:
        """What a workspace lies on, the uppermost first; mostly nothing."""
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.below_workspace(connection, workspace_id=workspace_id)]
        return tuple(Layer(UUID(str(row["id"])), row["uid"]) for row in rows)

    async def bear(self, workspace_id: UUID) -> bool:
        """Whether a workspace lies on any."""
        return bool(await self.below(workspace_id))

    async def of_template(self, template: str) -> Ready | None:
        async with self._database.connection() as connection:
            return _ready(await self._queries.newest_of_template(connection, template=template))

    async def of_project(self, project_id: UUID) -> Ready | None:
        """Its own newest; else the one that its workspace began on, as that of a remix."""
        async with self._database.connection() as connection:
            return _ready(await self._queries.newest_of_project(connection, project_id=project_id))

    async def of_artifact(self, artifact: str) -> UUID | None:
        async with self._database.connection() as connection:
            found = await self._queries.layer_of_artifact(connection, artifact=artifact)
        return UUID(str(found)) if found else None

    async def make(
        self,
        workspace_id: UUID,
        *,
        origin: str,
        reaches: str = "",
        project_id: UUID | None = None,
        template: str | None = None,
        artifact: str | None = None,
    ) -> UUID:
        """Make a layer of the files of a workspace, which is stopped and will not be started again.

        `artifact`: what is unpacked in it, and where. Raises Conflict where it runs, or this machine has no layers.
        """
        layer_id = uuid4()
        size, files = await self._backend.settle(workspace_id, layer_id)
        async with self._database.connection() as connection:
            await self._queries.add_layer(
                connection,
                id=layer_id,
                workspace_id=workspace_id,
                origin=origin,
                reaches=reaches,
                project_id=project_id,
                template=template,
                artifact=artifact,
                size=size,
                files=files,
                now=self._clock.now(),
            )
        return layer_id

    async def used(self) -> int:
        """Bytes on the disk of all layers together."""
        async with self._database.connection() as connection:
            return int(await self._queries.size_of_layers(connection))

    async def sweep(self) -> int:
        """Remove those that no workspace and no other layer lies on and that are not the newest; returns how many.

        What is unpacked of an artifact stays for an hour all the same.
        """
        removed = 0
        while True:
            async with self._database.connection() as connection:
                rows = self._queries.drop_unused_layers(connection, before=self._clock.now() - UNUSED)
                unused = [UUID(str(row["id"])) async for row in rows]
            for layer_id in unused:
                await self._remove(layer_id)
            removed += len(unused)
            if not unused:
                return removed

    async def _remove(self, layer_id: UUID) -> None:
        try:
            await self._backend.remove_layer(layer_id)
        except FireflyError as error:
            log.warning("layer.left", layer_id=str(layer_id), reason=error.detail)


def _ready(row: Any) -> Ready | None:
    return Ready(UUID(str(row["id"])), row["origin"], row["reaches"], row["depth"]) if row else None
