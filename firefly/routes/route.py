"""A route: which host shows what to whom."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, final
from uuid import UUID

_PATH = re.compile(r"/[!-~]*+")


class Access(StrEnum):
    """Who may see a route: whoever any policy of its project lets in; where it is narrowed, that of one kind alone."""

    MEMBERS = "members"
    PUBLIC = "public"
    ONLY_MEMBERS = "only members"
    ONLY_PEOPLE = "only people"
    ONLY_LINK = "only link"
    ONLY_CODE = "only code"
    ONLY_PASSWORD = "only password"
    ONLY_ADDRESSES = "only addresses"

    @property
    def only(self) -> str | None:
        """The kind of policy that counts beside membership; None where all do."""
        kind, _, name = self.value.partition(" ")
        return name if kind == "only" else None

    def counts(self, grant: str) -> bool:
        """Whether a grant of this kind opens it: what membership gave does in any case."""
        only = self.only
        return only is None or grant in ("member", only) or (only == "people" and grant in ("person", "request"))


@dataclass(frozen=True, slots=True)
class AppTarget:
    """Firefly's own application, behind its internal socket."""


@dataclass(frozen=True, slots=True)
class SandboxTarget:
    """A port inside a workspace's sandbox; `port` None is the application's main port."""

    workspace_id: UUID
    port: int | None = None


@dataclass(frozen=True, slots=True)
class PagesTarget:
    """A site that is nothing but pages, which need no sandbox."""

    site_id: UUID


@dataclass(frozen=True, slots=True)
class BridgeTarget:
    """The bridge of a workspace's sandbox: never the target of a host, only of a tunnel that the app asks for.

    `holder` is whose tunnel it is, for whoever must end it; to the front door it means nothing.
    """

    workspace_id: UUID
    holder: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Health:
    """How the members of a spread are looked at while it is in use.

    Without a `path` a member has to take a connection, with one to answer a GET of it with 2xx or 3xx, in `timeout`
    seconds. Raises ValueError for a path that cannot be asked for as it stands.
    """

    path: str | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.path is not None and not _PATH.fullmatch(self.path):
            raise ValueError(f"{self.path[:60]!r} is no path of a health check: a slash, then no spaces.")


@final
@dataclass(frozen=True, slots=True)
class Spread:
    """Several instances of one application: each request goes to the one that has least to do.

    A member that is to be drained is left out: what it has begun still ends. Raises ValueError for no members, or one
    that is named twice.
    """

    members: tuple[SandboxTarget, ...]
    health: Health | None = None

    def __post_init__(self) -> None:
        if not self.members or len(set(self.members)) < len(self.members):
            raise ValueError("A spread has one member or more, each of them once.")


Target: TypeAlias = AppTarget | SandboxTarget | PagesTarget | BridgeTarget
"""What a connection can be made to."""


@dataclass(frozen=True, slots=True)
class Route:
    """One host.

    `host` is in small letters and without a port, `policy_version` grows with each change of access, so that grants
    of an older one end; a renamed host keeps its route with `redirect_to`, the new host; `taken_over_at` is when the
    host passed from another project to this one, in POSIX seconds.
    """

    host: str
    target: Target | Spread
    project_id: UUID | None
    access: Access = Access.MEMBERS
    policy_version: int = 1
    redirect_to: str | None = None
    taken_over_at: float | None = None
