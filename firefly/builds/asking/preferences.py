"""What a project wants of its builds: seen by whoever sees them, changed by maintainers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from uuid import UUID

from ...audit import Audit
from ...auth import Identity
from ...errors import InvalidInput
from ...projects import Action, Project, Projects
from ...protocol.errors import ManifestError
from ...protocol.manifest import parse
from ...store import Connection, load_queries
from ..queueing.records import Records


@dataclass(frozen=True, slots=True)
class Preferences:
    """The defaults are those of a project without any. `timeout` in seconds; None: as the server has it."""

    policy: str = "all"
    patterns: Sequence[str] = ()
    pull_requests: bool = True
    held: bool = False
    held_reason: str = ""
    configuration: str | None = None
    configuration_forced: bool = False
    timeout: int | None = None
    commit_status: bool = True
    pull_request_comment: bool = True
    deployments: bool = True
    failure_mail: bool = True


class PreferenceControl:
    def __init__(self, *, records: Records, projects: Projects, audit: Audit) -> None:
        self._records = records
        self._projects = projects
        self._audit = audit
        self._queries = load_queries("build_showing")

    async def get(self, identity: Identity, owner: str, name: str) -> Preferences:
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        async with self._records.database.connection() as connection:
            return await self._found(project.id, connection)

    async def change(self, identity: Identity, owner: str, name: str, wanted: Mapping[str, Any]) -> Preferences:
        """`wanted` holds what is to change. A configuration that comes before the repository's is for owners.

        Raises InvalidInput where a stored configuration is none, naming its line.
        """
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        if text := wanted.get("configuration"):
            await asyncio.to_thread(_check, text)
        async with self._records.database.transaction() as connection:
            await self._queries.lock_project_of_settings(connection, project_id=project.id)
            old = await self._found(project.id, connection)
            new = replace(old, **wanted)
            await self._authorise(identity, project, old, new)
            await self._put(project.id, new, connection)
            await self._note(identity, project, old, new, connection)
            # Who was held may go on.
            await self._records.wake("build.wanted", connection)
        return new

    async def _authorise(self, identity: Identity, project: Project, old: Preferences, new: Preferences) -> None:
        touched = old.configuration_forced != new.configuration_forced or (
            new.configuration_forced and old.configuration != new.configuration
        )
        if touched:
            await self._projects.get_by_id(identity, project.id, Action.PUBLISH)

    async def _found(self, project_id: UUID, connection: Connection) -> Preferences:
        row = await self._queries.build_settings(connection, project_id=project_id)
        return Preferences(**row) if row else Preferences()

    async def _put(self, project_id: UUID, new: Preferences, connection: Connection) -> None:
        values = {**asdict(new), "patterns": list(new.patterns)}
        await self._queries.put_build_settings(
            connection, project_id=project_id, now=self._records.clock.now(), **values
        )

    async def _note(
        self, identity: Identity, project: Project, old: Preferences, new: Preferences, connection: Connection
    ) -> None:
        names = [field.name for field in fields(old) if getattr(old, field.name) != getattr(new, field.name)]
        # The words of a configuration may hold anything.
        told = {name: getattr(new, name) for name in names if name != "configuration"}
        await self._audit.record(
            identity.account.id, "build_settings.changed", f"project:{project.id}",
            detail={"project": project.path, "changed": names, **told}, connection=connection,
        )  # fmt: skip


def _check(text: str) -> None:
    try:
        parse(text)
    except ManifestError as error:
        line = error.extra.get("line")
        raise InvalidInput(f"Line {line}: {error.detail}", field="configuration", line=line) from error
