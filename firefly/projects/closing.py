"""Closes the own workspace of whoever may not use it any more, and opens that of whoever may again."""

from uuid import UUID

import structlog

from ..errors import FireflyError
from .model import Role
from .records import Records
from .seams import ProjectRoutes, WorkspaceFacts, Workspaces

log = structlog.get_logger()


class Closing:
    def __init__(self, *, records: Records, routes: ProjectRoutes, workspaces: Workspaces) -> None:
        self._records = records
        self._routes = routes
        self._workspaces = workspaces

    async def follow(self, project_id: UUID, account_id: UUID, role: Role | None) -> None:
        """The account has this role from now on: its workspace is closed without the role editor, and kept."""
        own = await self._records.own(project_id, closed=True)
        facts = next((one for one in own if one.member_id == account_id), None)
        project = await self._records.find_by_id(None, project_id)
        if facts is None or project is None or project.deleted_at is not None:
            return
        is_open = role is not None and role.rank >= Role.EDITOR.rank
        async with self._records.database.transaction() as connection:
            if is_open:
                hosts = await self._routes.add(facts, project.visibility, connection)
            else:
                hosts = await self._routes.close(facts, connection)
        await self._routes.apply(hosts)
        if not is_open:
            await self._stop(facts)

    async def _stop(self, facts: WorkspaceFacts) -> None:
        """What cannot be stopped is closed all the same, and sleeps when it is idle."""
        try:
            await self._workspaces.stop(facts.workspace_id, f"{facts.member} may not change files any more.")
        except FireflyError as error:
            log.warning("workspace.not_stopped", workspace_id=str(facts.workspace_id), reason=error.detail)
