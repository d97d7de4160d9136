"""What the keeper asks of others, and what it tells them."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from .archives import Rest
from .awake import KeepAwake
from .backend import Instance, Limits, SandboxSpec, State, Stats
from .terms import Wishes


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list shows of a sandbox; times as in Status."""

    state: State
    reason: str
    freezes_at: datetime | None
    stops_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """`freezes_at` and `stops_at`: when that happens unless something happens before; None where it does not.

    `busy`: what it is in the middle of, which puts both off. `awake`: who keeps it awake. `notes`: what is worth
    knowing about its limits.
    """

    state: State
    reason: str
    since: datetime
    limits: Limits
    freezes_at: datetime | None = None
    stops_at: datetime | None = None
    instance_id: str | None = None
    usage: Stats | None = None
    busy: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    awake: tuple[KeepAwake, ...] = ()
    rest: Rest = field(default_factory=Rest)
    refusal: str = ""
    """Why it may not start just now, where that was tried last: too many others run."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a bridge says: what it is in the middle of, the ports that are open, what firefly.yml asks for.

    `wishes` is None where firefly.yml has not been read yet, or cannot be.
    """

    busy: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    wishes: Wishes | None = None


class WorkspaceSource(Protocol):
    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        """What to start for a workspace. Raises NotFound."""


class Doorman(Protocol):
    async def admit(self, workspace_id: UUID) -> None:
        """Called before a sandbox is started. Raises a FireflyError where it may not; Withheld is no failure of it."""

    async def furnish(self, workspace_id: UUID) -> None:
        """Called when a sandbox was started, before anybody uses it. Raises a FireflyError: it is given up then."""


class Safe(Protocol):
    """Where the files of workspaces are kept besides."""

    async def restore(self, workspace_id: UUID, instance: Instance, *, archived: bool = False) -> None:
        """Called when the observers were told of a fresh run: bring back the files of a workspace that has lost them.

        `archived`: it has, in any case. Raises a FireflyError where it cannot: nobody gets to use the run then.
        """

    async def seal(self, workspace_id: UUID, bridge: Path, gateway: Path) -> str:
        """Called of a run that nobody uses, with its sockets: keep all that is in the workspace, and make sure of it.

        Why something in it is not kept, in words; empty where everything is. Raises a FireflyError.
        """

    async def save(self, workspace_id: UUID, instance: Instance) -> None:
        """Called before a run is frozen or ended: keep everything. Has a limit, and raises nothing."""

    async def forget(self, workspace_id: UUID) -> None:
        """Called when a workspace is deleted and nothing of it runs any more: keep nothing of it."""


class Observer(Protocol):
    """Told of each run, before anybody else gets to use it (`started`) and after it has ended (`ended`).

    The keeper's `bridge_path` and `gateway_path` answer in both.
    """

    async def started(self, workspace_id: UUID, instance: Instance) -> None: ...

    async def ended(self, workspace_id: UUID, instance: Instance) -> None: ...


class Informant(Protocol):
    async def look(self, workspace_id: UUID) -> Sight:
        """Ask the bridge of a run, within seconds, without that being activity. Raises Unavailable, TimedOut."""
