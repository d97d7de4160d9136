"""What a project is: roles, visibility, and the records that the services return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

# A deleted project can be restored this long; afterwards it is really removed.
RESTORABLE_DAYS = 30
# An old name redirects, and is given to nobody else, this long (CONTRACT "Hosts on the content domain").
RESERVED_DAYS = 90


class Role(StrEnum):
    OWNER = "owner"
    MAINTAINER = "maintainer"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {Role.VIEWER: 1, Role.EDITOR: 2, Role.MAINTAINER: 3, Role.OWNER: 4}


class Visibility(StrEnum):
    MEMBERS = "members"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class LastChange:
    """What happened last, for the dashboard: a sentence fragment, the account's name, when."""

    what: str
    who: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Project:
    """`role` is the caller's, None for a visitor of a public project. `owner` and `name` make its address."""

    id: UUID
    owner: str
    name: str
    description: str
    visibility: Visibility
    default_branch: str
    workspace_id: UUID | None
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None
    role: Role | None
    last_change: LastChange
    owner_id: UUID
    template: str | None = None
    remix_of: str | None = None
    """The address of the project that it is a remix of, when the caller may see that one."""
    remixes: int = 0
    archives_at: datetime | None = None
    """When its shared workspace will be archived, unless somebody uses it."""
    archived_at: datetime | None = None
    member: str = ""
    """Whose own workspace `workspace_id` is; empty for the shared one."""

    @property
    def path(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Member:
    account_id: UUID
    name: str
    display_name: str
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """An uploaded archive that lies in the artifact store: `zip`, `tar` or `tar.gz`, told by its first bytes."""

    digest: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRepository:
    """A repository at a provider, which a project is imported from and linked to, by somebody's connection.

    `path` is `<owner>/<name>` there, `by_key` whether git gets in by a key of its own.
    """

    provider: str
    url: str
    path: str
    connection_id: UUID
    by_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProject:
    """Exactly one of `template`, `git_url`, `archive`, `remix_of` (`<owner>/<name>`) and `repository` is given.

    `owner` defaults to the caller.
    """

    name: str
    owner: str | None = None
    description: str = ""
    visibility: Visibility = Visibility.MEMBERS
    template: str | None = None
    git_url: str | None = None
    archive: Archive | None = None
    remix_of: str | None = None
    repository: ProviderRepository | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProject:
    """What stays None stays as it is."""

    name: str | None = None
    description: str | None = None
    visibility: Visibility | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` is passed to the next call; None: this was the last page."""

    projects: Sequence[Project] = field(default_factory=tuple)
    cursor: str | None = None
