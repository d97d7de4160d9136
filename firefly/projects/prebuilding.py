"""Prebuilds: templates, and the newest commits of default branches, made ready with their dependencies installed.

Each is made in a sandbox of its own that has the hosted repository and nothing else of the project: no secret, and no
file that is not committed. Its files become a layer, on which new workspaces of the project and remixes begin.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import structlog

from firefly.waiting import happens

from ..auth import Identity
from ..errors import DatabaseUnavailable, FireflyError
from ..store import load_queries
from .access import Action
from .prebuild_making import MANY, PrebuildMaking, PrebuildParts, is_public
from .records import plain
from .service import Projects

log = structlog.get_logger()

Wanted = Literal["all", "projects", "off"]
# After a failure that may pass.
RETRY = 600.0
TELLING = frozenset(
    {"firefly.yml", "package.json", "requirements.txt", "pyproject.toml", ".devcontainer/devcontainer.json"}
)


@dataclass(frozen=True, slots=True)
class Prebuild:
    """`reason` is a sentence; `log` what was printed last. `origin` is the commit."""

    id: UUID
    origin: str
    state: str
    reason: str
    log: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Prebuilds:
    """One at a time. A push cancels what is made of an older commit of the same project."""

    def __init__(self, parts: PrebuildParts, *, wanted: Wanted) -> None:
        self._parts = parts
        self._database = parts.records.database
        self._layers = parts.layers
        self._queries: Any = load_queries("prebuilds")
        self._making = PrebuildMaking(parts)
        self._wake = asyncio.Event()
        self._current: tuple[UUID | None, asyncio.Task[None]] | None = None
        self._wanted = wanted

    async def run(self) -> None:
        """Make ready what is asked for, until cancelled."""
        async with self._parts.bus.subscribe("events") as events, asyncio.TaskGroup() as group:
            await self._begin()
            group.create_task(self._work())
            async for event in events:
                # What is imported comes without a push.
                imported = event.kind == "project.changed" and event.data.get("what") == "imported it"
                if self._wanted != "off" and (event.kind == "push.recorded" or imported):
                    await self._notice(UUID(str(event.data["project_id"])))

    async def list(self, identity: Identity, projects: Projects, owner: str, name: str) -> Sequence[Prebuild]:
        """The project's newest, for those who see what its application prints."""
        project = await projects.get(identity, owner, name, Action.FOLLOW)
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.prebuilds_of_project(connection, project_id=project.id)]
        return tuple(Prebuild(**{key: plain(row[key]) for key in Prebuild.__slots__}) for row in rows)

    async def of_template(self, template: str) -> UUID | None:
        """The layer to begin a project of a template on; None while there is none of its present files."""
        ready = await self._layers.of_template(template)
        return ready.id if ready and ready.origin == self._parts.preparation.digest(template) else None

    async def of_project(self, project_id: UUID) -> UUID | None:
        """The layer to begin a copy of a project on; None where there is none, or it has history that was removed."""
        ready = await self._layers.of_project(project_id)
        return ready.id if ready and await is_public(self._parts.copier, project_id, ready) else None

    async def _begin(self) -> None:
        """Clear away what an earlier server did not end, and ask for the templates whose files are others now."""
        try:
            async with self._database.connection() as connection:
                rows = [row async for row in self._queries.interrupted_prebuilds(connection)]
            for row in rows:
                await self._parts.workspaces.remove(plain(row["workspace_id"]))
            for template in self._parts.preparation.installing() if self._wanted == "all" else ():
                await self._ask(template=template, origin=self._parts.preparation.digest(template))
        except FireflyError as error:
            log.warning("prebuilds.not_begun", reason=error.detail)
        # Whatever it is: nobody who is served would be better off without us.
        except Exception:
            log.exception("prebuilds.not_begun")

    async def _notice(self, project_id: UUID) -> None:
        """Ask for the project's default branch, where making it ready saves anybody time."""
        try:
            project = await self._parts.records.find_by_id(None, project_id)
            if project is None or project.deleted_at is not None:
                return
            commit = (await self._parts.repositories.refs(project_id)).get(f"refs/heads/{project.default_branch}")
            if commit is None or not await self._parts.copier.is_large(project_id, commit, files=MANY, telling=TELLING):
                return
            if await self._ask(project_id=project_id, origin=commit) and self._current is not None:
                current, task = self._current
                if current == project_id:
                    task.cancel()
        except FireflyError as error:
            log.warning("prebuild.not_asked", project_id=str(project_id), reason=error.detail)
        # As above.
        except Exception:
            log.exception("prebuild.not_asked", project_id=str(project_id))

    async def _ask(self, *, origin: str, project_id: UUID | None = None, template: str | None = None) -> bool:
        """Whether it is new."""
        values = {"id": uuid4(), "project_id": project_id, "template": template, "origin": origin}
        async with self._database.transaction() as connection:
            asked = await self._queries.ask_for_prebuild(connection, **values, now=self._parts.clock.now())
        self._wake.set()
        return asked is not None

    async def _work(self) -> None:
        while True:
            try:
                row = await self._next()
            except DatabaseUnavailable:
                row = None
            if row is None:
                self._wake.clear()
                if not await happens(self._wake, RETRY):
                    await self._again()
                continue
            task = asyncio.create_task(self._making.make(row), name=f"prebuild {row['id']}")
            self._current = (plain(row["project_id"]), task)
            try:
                await asyncio.wait([task])
            finally:
                self._current = None
                task.cancel()
                await asyncio.wait([task])

    async def _again(self) -> None:
        """A template that could not be installed, without a network for one, is tried again, and layers are cleared."""
        await self._begin()
        try:
            await self._layers.sweep()
        except Exception:
            log.exception("layers.not_swept")

    async def _next(self) -> Any:
        async with self._database.connection() as connection:
            return await self._queries.next_prebuild(connection)
