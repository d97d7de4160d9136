"""Who may do what with a project: the one function that decides it."""

from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from ..audit import Audit
from ..auth import Identity
from ..clock import Clock
from ..errors import Forbidden, NotFound, Unauthenticated
from .model import Project, Role, Visibility


class Action(StrEnum):
    READ = "read"  # see the project, its files, members
    FOLLOW = "follow"  # see what the application prints
    FETCH = "fetch"  # git clone, git fetch
    PREVIEW = "preview"  # open the preview
    PUSH = "push"  # git push
    WRITE = "write"  # change files
    RUN = "run"  # execute commands, use terminals, start and stop the sandbox
    MANAGE = "manage"  # rename, describe, change members below the owner
    PUBLISH = "publish"  # widen who may see it, make owners
    DELETE = "delete"  # delete and restore


# action -> (the least role, a scope that the credential must hold; of a preview's scope the project is a part)
RULES: Mapping[Action, tuple[Role, str]] = {
    Action.READ: (Role.VIEWER, "read"),
    Action.FOLLOW: (Role.VIEWER, "read"),
    Action.FETCH: (Role.VIEWER, "git"),
    Action.PREVIEW: (Role.VIEWER, "preview:{path}"),
    Action.PUSH: (Role.EDITOR, "git"),
    Action.WRITE: (Role.EDITOR, "write"),
    Action.RUN: (Role.EDITOR, "write"),
    Action.MANAGE: (Role.MAINTAINER, "write"),
    Action.PUBLISH: (Role.OWNER, "write"),
    Action.DELETE: (Role.OWNER, "write"),
}
# What a project's application prints is not published with its files: it may hold anything.
_OPEN_TO_VISITORS = frozenset({Action.READ, Action.FETCH, Action.PREVIEW})
UNKNOWN = "There is no such project, or you may not see it."
# One line of the audit log per administrator, project and action in this many seconds: an editor asks all the time.
_QUIET = 3600.0
_REMEMBERED = 10_000


class Access:
    """Decides and, where it refuses a member or lets an administrator in, writes it down."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._recorded: OrderedDict[tuple[UUID, UUID, Action, bool], float] = OrderedDict()

    async def authorise(self, identity: Identity | None, project: Project, action: Action) -> None:
        """Return when allowed. `project.role` is the caller's own role, or None.

        Raises NotFound for whoever may not know of the project (the same as for one that does not exist),
        Unauthenticated where signing in would help a visitor of a public project, Forbidden for members whose
        role or credential does not reach.
        """
        least, scope = RULES[action][0], RULES[action][1].format(path=project.path)
        if action in _OPEN_TO_VISITORS and project.visibility is Visibility.PUBLIC and project.deleted_at is None:
            return
        if (
            project.role is None
            and identity is not None
            and identity.account.is_administrator
            and identity.has("admin")
        ):
            await self._write_down(identity, project, action, allowed=True)
            return
        if project.role is None:
            raise self._stranger(identity, project)
        if identity is None:
            raise Unauthenticated("Sign in first.")
        if project.role.rank < least.rank:
            await self._write_down(identity, project, action, allowed=False)
            raise Forbidden(f"Your role in {project.path} is {project.role}; this needs {least}. Ask an owner.")
        if not identity.has(scope):
            await self._write_down(identity, project, action, allowed=False)
            raise Forbidden(f"This token does not have the scope {scope}. Use one that has.")

    def _stranger(self, identity: Identity | None, project: Project) -> NotFound | Unauthenticated | Forbidden:
        if project.visibility is not Visibility.PUBLIC or project.deleted_at is not None:
            return NotFound(UNKNOWN)
        if identity is None:
            return Unauthenticated("Sign in first.")
        return Forbidden(f"You are not a member of {project.path}. Ask an owner.")

    async def _write_down(self, identity: Identity, project: Project, action: Action, *, allowed: bool) -> None:
        key = (identity.account.id, project.id, action, allowed)
        now = self._clock.monotonic()
        last = self._recorded.get(key)
        if last is not None and now - last < _QUIET:
            return
        self._recorded[key] = now
        self._recorded.move_to_end(key)
        if len(self._recorded) > _REMEMBERED:
            self._recorded.popitem(last=False)
        await self._audit.record(
            identity.account.id,
            "project.entered" if allowed else "project.refused",
            f"project:{project.id}",
            detail={"action": action.value, "project": project.path},
        )


def is_administrator(identity: Identity) -> bool:
    """Whether the credential may use its account's rights over the installation."""
    return identity.account.is_administrator and identity.has("admin")
