"""Making one prebuild: a workspace is filled, its dependencies are installed, and its files become a layer."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from ..bus import Bus
from ..clock import Clock
from ..errors import FireflyError
from ..git import Copier, Repositories
from ..sandbox.layers import DEEPEST, Layers, Ready
from ..store import load_queries
from .preparation import Preparation
from .records import Records, plain
from .seams import BridgeGateway, Prepared, Workspaces

log = structlog.get_logger()

# Seconds. After a push, so that one that follows at once is not in vain.
LONGEST, QUIET = 1800.0, 2.0
LONGEST_LOG = 64 << 10
# Of fewer files, of which none says what to install, a clone is as quick.
MANY = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class PrebuildParts:
    """What prebuilds are asked for, made and found by.

    `reading` tells, while one is made, which workspace may read which project's repository, and only that.
    """

    records: Records
    bus: Bus
    clock: Clock
    layers: Layers
    workspaces: Workspaces
    bridge: BridgeGateway
    repositories: Repositories
    copier: Copier
    preparation: Preparation
    reading: dict[UUID, UUID]


class PrebuildMaking:
    def __init__(self, parts: PrebuildParts) -> None:
        self._parts = parts
        self._queries: Any = load_queries("prebuilds")

    async def make(self, row: Any) -> None:
        """To its end, whatever that is; written down in any case."""
        prepared, state, reason = None, "cancelled", "A newer push came, or the server was stopped."
        try:
            if row["project_id"]:
                await asyncio.sleep(QUIET)
            async with asyncio.timeout(LONGEST):
                prepared = await self._prepare(row)
            state, reason = ("succeeded" if prepared.done else "failed"), prepared.reason
        except TimeoutError:
            state, reason = "failed", f"It took longer than {LONGEST / 60:.0f} minutes."
        except FireflyError as error:
            state, reason = "failed", error.detail
        except Exception as error:
            log.exception("prebuild.broken", prebuild_id=str(row["id"]))
            state, reason = "failed", f"Something went wrong in Firefly: {type(error).__name__}."
        finally:
            await asyncio.shield(self._end(row, state, reason, prepared.log if prepared else ""))

    async def _end(self, row: Any, state: str, reason: str, text: str) -> None:
        log.info("prebuild.ended", prebuild_id=str(row["id"]), template=row["template"], state=state, reason=reason)
        try:
            async with self._parts.records.database.transaction() as connection:
                await self._queries.end_prebuild(
                    connection,
                    id=row["id"],
                    state=state,
                    reason=reason,
                    log=text.replace("\0", "\ufffd")[-LONGEST_LOG:],
                    now=self._parts.clock.now(),
                )
                if row["project_id"]:
                    data = {"project_id": str(row["project_id"]), "state": state, "reason": reason[:500]}
                    await self._parts.bus.publish("events", "prebuild.changed", data, connection=connection)
        except FireflyError as error:
            log.warning("prebuild.unrecorded", prebuild_id=str(row["id"]), reason=error.detail)

    async def _prepare(self, row: Any) -> Prepared:
        project_id: UUID | None = plain(row["project_id"])
        below = await self._below(project_id) if project_id else None
        workspace_id = await self._parts.workspaces.claim(layer_id=below.id if below else None, fresh=True)
        try:
            async with self._parts.records.database.connection() as connection:
                await self._queries.begin_prebuild(
                    connection, id=row["id"], workspace_id=workspace_id, now=self._parts.clock.now()
                )
            reaches = await self._fill(workspace_id, row["template"], project_id, below)
            # Only for templates: what other applications leave behind when they run is nobody's to begin on.
            warm = self._parts.preparation.warm(row["template"]) if row["template"] else ()
            prepared = await self._parts.bridge.prepare(workspace_id, warm=warm)
            if prepared.done and (prepared.steps or await self._is_large(project_id, row["origin"])):
                await self._parts.workspaces.stop(workspace_id, "It is ready.")
                await self._parts.layers.make(
                    workspace_id, origin=row["origin"], reaches=reaches, project_id=project_id, template=row["template"]
                )
            return prepared
        finally:
            self._parts.reading.pop(workspace_id, None)
            await asyncio.shield(self._parts.workspaces.remove(workspace_id))

    async def _fill(self, workspace_id: UUID, template: str, project_id: UUID | None, below: Ready | None) -> str:
        """From the project's repository, or from a template; returns the commits whose history is in it then."""
        if project_id is None:
            await self._parts.bridge.initialize_template(workspace_id, template)
            return ""
        self._parts.reading[workspace_id] = project_id
        before = await self._public(project_id)
        await self._parts.bridge.initialize_clone(workspace_id, onto=below is not None)
        # What was pushed meanwhile may have come along.
        reaches = [*before, *await self._public(project_id), *(below.reaches.split() if below else ())]
        return " ".join(dict.fromkeys(reaches))

    async def _is_large(self, project_id: UUID | None, commit: str) -> bool:
        if project_id is None:
            return False
        return await self._parts.copier.is_large(project_id, commit, files=MANY, telling=frozenset())

    async def _below(self, project_id: UUID) -> Ready | None:
        """The present layer, to begin on; None at the fifth, so that stacks stay low, and where history was removed."""
        ready = await self._parts.layers.of_project(project_id)
        if ready is None or ready.depth >= DEEPEST or not await is_public(self._parts.copier, project_id, ready):
            return None
        return ready

    async def _public(self, project_id: UUID) -> list[str]:
        refs = await self._parts.repositories.refs(project_id)
        return sorted({name for ref, name in refs.items() if not ref.startswith("refs/firefly/")})


async def is_public(copier: Copier, project_id: UUID, ready: Ready) -> bool:
    """Whether all that the layer's history reaches is still in the project's repository."""
    return bool(ready.reaches) and await copier.holds(project_id, ready.reaches.split())
