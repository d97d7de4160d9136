"""Projects: create, find, list, change, delete and restore, each decided by Access."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from .access import Action
from .jobs import Job
from .model import CreateProject, Page, Project, UpdateProject
from .seams import WorkspaceFacts

if TYPE_CHECKING:
    from ..auth import Identity


@dataclass(frozen=True, slots=True)
class Created:
    """`job` fills the project when it comes from a git URL or an archive; None: it is ready."""

    project: Project
    job: Job | None = None


class Projects:
    async def create(self, identity: "Identity", request: CreateProject, *, address: str | None = None) -> Created:
        """Raises InvalidInput (field named), NameTaken, LimitReached, SandboxFailed."""
        raise NotImplementedError

    async def get(
        self, identity: "Identity | None", owner: str, name: str, action: Action = Action.READ, *, deleted: bool = False
    ) -> Project:
        """The project, when the caller may do `action` with it.

        Raises Moved (with the new `<owner>/<name>`) for a renamed one, NotFound, Forbidden, Unauthenticated.
        """
        raise NotImplementedError

    async def get_by_id(self, identity: "Identity | None", project_id: UUID, action: Action = Action.READ) -> Project:
        raise NotImplementedError

    async def list(
        self, identity: "Identity", *, cursor: str | None = None, limit: int = 50, deleted: bool = False
    ) -> Page:
        """What the caller is a member of, newest change first; `deleted` lists what can be restored."""
        raise NotImplementedError

    async def update(self, identity: "Identity", owner: str, name: str, change: UpdateProject) -> Project:
        """Rename, describe, set the visibility. Raises NameTaken, InvalidInput."""
        raise NotImplementedError

    async def delete(self, identity: "Identity", owner: str, name: str) -> Project:
        """Hidden and stopped at once, restorable for 30 days."""
        raise NotImplementedError

    async def restore(self, identity: "Identity", owner: str, name: str) -> Project:
        raise NotImplementedError

    async def visible_ids(self, identity: "Identity") -> frozenset[UUID]:
        """Ids of the projects whose events the caller may see (is a member of)."""
        raise NotImplementedError

    async def by_workspace(self, workspace_id: UUID) -> WorkspaceFacts | None:
        """For composition: whose workspace this is; None for one that nobody has claimed."""
        raise NotImplementedError

    async def expire(self) -> int:
        """Really remove what was deleted 30 days ago, and give old names free; returns how many projects."""
        raise NotImplementedError
