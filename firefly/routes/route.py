"""A route: which host shows what to whom."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID


class Access(StrEnum):
    """Who may see a route."""

    MEMBERS = "members"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AppTarget:
    """Firefly's own application, behind its internal socket."""


@dataclass(frozen=True, slots=True)
class SandboxTarget:
    """A port inside a workspace's sandbox; `port` None is the application's main port."""

    workspace_id: UUID
    port: int | None = None


@dataclass(frozen=True, slots=True)
class BridgeTarget:
    """The bridge of a workspace's sandbox: never the target of a host, only of a tunnel that the app asks for.

    `holder` is whose tunnel it is, for whoever must end it; to the front door it means nothing.
    """

    workspace_id: UUID
    holder: object = field(default=None, compare=False, repr=False)


Target: TypeAlias = AppTarget | SandboxTarget | BridgeTarget


@dataclass(frozen=True, slots=True)
class Route:
    """One host.

    `host` is in small letters and without a port, `policy_version` grows with each change of access, so that grants
    of an older one end; a renamed host keeps its route with `redirect_to`, the new host.
    """

    host: str
    target: Target
    project_id: UUID | None
    access: Access = Access.MEMBERS
    policy_version: int = 1
    redirect_to: str | None = None
