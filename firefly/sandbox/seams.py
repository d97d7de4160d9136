"""What the keeper asks of others, and what it tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from .backend import Instance, Limits, SandboxSpec, State, Stats


@dataclass(frozen=True, slots=True)
class Status:
    """`freezes_at` and `stops_at`: when that happens unless something happens before; None where it does not."""

    state: State
    reason: str
    since: datetime
    limits: Limits
    freezes_at: datetime | None = None
    stops_at: datetime | None = None
    instance_id: str | None = None
    usage: Stats | None = None


class WorkspaceSource(Protocol):
    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        """What to start for a workspace. Raises NotFound."""


class Observer(Protocol):
    """Told of each run, before anybody else gets to use it (`started`) and after it has ended (`ended`).

    The keeper's `bridge_path` and `gateway_path` answer in both.
    """

    async def started(self, workspace_id: UUID, instance: Instance) -> None: ...

    async def ended(self, workspace_id: UUID, instance: Instance) -> None: ...
