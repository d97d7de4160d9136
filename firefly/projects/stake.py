"""What would be lost with a workspace: work that the hosted repository does not show."""

from uuid import UUID

from ..git import UnfinishedWork
from .seams import Workspaces

MOST_NAMED = 5


class Stake:
    def __init__(self, workspaces: Workspaces, unfinished: UnfinishedWork) -> None:
        self._workspaces = workspaces
        self._unfinished = unfinished

    async def of(self, project_id: UUID, workspace_id: UUID) -> str:
        """In words; empty where that is nothing. What is edited just now is saved first."""
        unsaved = await self._workspaces.save(workspace_id)
        work = await self._unfinished.of(project_id, workspace_id)
        parts = []
        if work.paths:
            named = ", ".join(work.paths[:MOST_NAMED]) + (", …" if len(work.paths) > MOST_NAMED else "")
            parts.append(f"{_count(len(work.paths), 'changed file')} not committed ({named})")
        if work.commits:
            parts.append(f"{_count(work.commits, 'commit')} not pushed")
        if unsaved:
            parts.append(f"edits that are not saved outside of it ({unsaved.rstrip('.')})")
        return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
