"""The life of every sandbox: started on first need, kept with a state and a reason, stopped when nobody needs it."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from firefly.bus import Bus
from firefly.clock import Clock
from firefly.settings import Settings
from firefly.store import Database

from .backend import Instance, Limits, SandboxBackend, SandboxSpec, State, Stats


@dataclass(frozen=True, slots=True)
class Status:
    """`stops_at`: when the sandbox stops unless something happens before; only for running ones."""

    state: State
    reason: str
    since: datetime
    stops_at: datetime | None = None
    instance_id: str | None = None
    limits: Limits = Limits()
    usage: Stats | None = None


@dataclass(frozen=True, slots=True)
class PreparedWorkspace:
    """An empty workspace, taken from the pool, whose bridge answers."""

    workspace_id: UUID
    instance: Instance


class WorkspaceSource(Protocol):
    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        """What to start for a workspace. Raises NotFound."""


class Observer(Protocol):
    """Told of each run, before anybody else gets to use it (`started`) and after it has ended (`ended`)."""

    async def started(self, workspace_id: UUID, instance: Instance) -> None: ...

    async def ended(self, workspace_id: UUID, instance: Instance) -> None: ...


class Keeper:
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        database: Database,
        bus: Bus,
        source: WorkspaceSource,
        settings: Settings,
        clock: Clock | None = None,
        available_memory: Callable[[], float] | None = None,
    ) -> None:
        """`available_memory` gives the free share of the machine's memory, 0 to 1."""

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of runs from now on. Before `open`, so that it also hears of adopted ones."""

    async def open(self) -> None:
        """Adopt what still runs, reconcile the table, begin to watch and to fill the pool."""

    async def close(self, *, stop_all: bool = False) -> None:
        """End the keeper's own work; with `stop_all` every sandbox too."""

    async def create_workspace(self) -> UUID:
        """Enter a new, empty workspace, claimed; for when the pool has none. Its files are made at the first start."""

    async def claim_prepared(self) -> PreparedWorkspace | None:
        """Take a workspace with a running sandbox from the pool; None where it is empty just now."""

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        """The running sandbox, started where there is none. `insist` does not wait out a crash loop.

        Raises SandboxFailed(reason, output, retry_after), NotFound.
        """

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        """End the sandbox, and a start under way."""

    async def restart(self, workspace_id: UUID, reason: str = "Restarted on request.") -> Instance: ...

    async def status(self, workspace_id: UUID) -> Status: ...

    def running(self, workspace_id: UUID) -> Instance | None:
        """The run that may be used now; no input or output."""

    def touch(self, workspace_id: UUID) -> None:
        """Something was done with the sandbox: put off the idle stop."""

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        """`ensure`, then connect to a port inside."""

    def bridge_path(self, workspace_id: UUID) -> Path:
        """The bridge's socket of the running sandbox. Raises Unavailable where none runs."""

    def gateway_path(self, workspace_id: UUID) -> Path: ...

    async def logs(self, workspace_id: UUID) -> str:
        """What supervisor and bridge printed last, also after the sandbox has ended."""

    async def remove(self, workspace_id: UUID) -> None:
        """Stop the sandbox and delete the workspace and its files, for good."""


Trusted = Callable[[UUID], Awaitable[bool]]
