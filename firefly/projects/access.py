"""Who may do what with a project: the one function that decides it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from ..errors import Forbidden, NotFound, Unauthenticated
from .model import Project, Role, Visibility

if TYPE_CHECKING:
    from ..audit import Audit
    from ..auth import Identity


class Action(StrEnum):
    READ = "read"  # see the project, its files, members, output
    FETCH = "fetch"  # git clone, git fetch
    PUSH = "push"  # git push
    WRITE = "write"  # change files
    RUN = "run"  # execute commands, use terminals, start and stop the sandbox
    MANAGE = "manage"  # rename, describe, change members below the owner
    PUBLISH = "publish"  # widen who may see it, make owners
    DELETE = "delete"  # delete and restore


# action -> (the least role, a scope that the credential must hold)
RULES: Mapping[Action, tuple[Role, str]] = {
    Action.READ: (Role.VIEWER, "read"),
    Action.FETCH: (Role.VIEWER, "git"),
    Action.PUSH: (Role.EDITOR, "git"),
    Action.WRITE: (Role.EDITOR, "write"),
    Action.RUN: (Role.EDITOR, "write"),
    Action.MANAGE: (Role.MAINTAINER, "write"),
    Action.PUBLISH: (Role.OWNER, "write"),
    Action.DELETE: (Role.OWNER, "write"),
}
_OPEN_TO_VISITORS = frozenset({Action.READ, Action.FETCH})


class Access:
    """Decides and, where it refuses a member or lets an administrator in, writes it down."""

    def __init__(self, audit: "Audit") -> None:
        self._audit = audit

    async def authorise(self, identity: "Identity | None", project: Project, action: Action) -> None:
        """Return when allowed. `project.role` is the caller's own role, or None.

        Raises NotFound for whoever may not know of the project (the same as for one that does not exist),
        Unauthenticated where signing in would help a visitor of a public project, Forbidden for members whose
        role or credential does not reach.
        """
        raise NotImplementedError
