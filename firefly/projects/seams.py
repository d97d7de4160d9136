"""What the projects' services need of other parts, each as small as its use; adapters join them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from .. import hostnames
from ..store import Connection
from .model import Visibility


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What a workspace's bridge and sandbox must know of its project; of a member's own one, whose it is."""

    workspace_id: UUID
    project_id: UUID
    owner: str
    name: str
    owner_is_administrator: bool
    filled: bool = False
    """It has had files: one without any has lost them."""
    member: str = ""
    """The name of the member whose own it is; empty for the shared one."""
    member_id: UUID | None = None
    member_is_administrator: bool = False

    @property
    def label(self) -> hostnames.WorkspaceLabel | hostnames.MemberLabel:
        """Of its host."""
        if self.member:
            return hostnames.MemberLabel(self.member, self.name, self.owner)
        return hostnames.WorkspaceLabel(self.name, self.owner)

    @property
    def payer(self) -> str:
        """The name of whoever its sandbox counts for."""
        return self.member or self.owner

    @property
    def is_bounded(self) -> bool:
        """Whether there is a bound to how many sandboxes whoever it counts for may run: not for administrators."""
        return not (self.member_is_administrator if self.member else self.owner_is_administrator)


@dataclass(frozen=True, slots=True)
class PullResult:
    """`reason` is a sentence for the pusher when the workspace was not updated."""

    updated: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """How installing went: so many `steps` it takes; `log` is what was printed."""

    done: bool
    reason: str
    steps: int
    log: str


class BridgeGateway(Protocol):
    """Calls to a running workspace's bridge. Each starts the sandbox when needed and has a limit of time.

    Raises SandboxFailed, Unavailable, or what the bridge's problem says.
    """

    async def initialize_template(self, workspace_id: UUID, template: str) -> None: ...

    async def initialize_clone(self, workspace_id: UUID, *, onto: bool = False) -> None:
        """Fill the empty workspace from the hosted repository, through the gateway.

        `onto`: it lies on a layer of the same history, and is brought up to date.
        """

    async def initialize_archive(
        self, workspace_id: UUID, *, filename: str, size: int, body: AsyncIterator[bytes]
    ) -> None:
        """Unpack into the empty workspace, commit, push to the hosted repository through the gateway."""

    async def initialize_remix(self, workspace_id: UUID, changes: AsyncIterator[bytes], *, onto: bool = False) -> None:
        """Fill the empty workspace from the hosted repository, then with `changes` of another workspace."""

    async def wake(self, workspace_id: UUID) -> None:
        """Start the sandbox; every other call does so too."""

    async def prepare(self, workspace_id: UUID, *, warm: Sequence[str] = ()) -> Prepared:
        """Install what the files ask for, and start nothing.

        `warm`: paths that the application is asked for then, before it is stopped; where it does not answer, nothing
        is lost.
        """

    def changes(
        self, workspace_id: UUID, *, base: str, published: bool
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """What differs from commit `base` (empty: from nothing) and git does not ignore, as of one moment.

        `published`: without hidden files, which visitors of a public project do not see.
        """

    async def configure(self, facts: WorkspaceFacts) -> None: ...

    async def pull(self, workspace_id: UUID, ref: str) -> PullResult: ...


class LayerSource(Protocol):
    """What was made ready to begin on; None where there is nothing."""

    async def of_template(self, template: str) -> UUID | None: ...

    async def of_project(self, project_id: UUID) -> UUID | None: ...


class Workspaces(Protocol):
    """The keeper, as far as projects use it."""

    async def claim(self, owner: str | None = None, *, layer_id: UUID | None = None, fresh: bool = False) -> UUID:
        """An empty workspace, or one that lies on a layer; one with a running sandbox when one is prepared.

        `fresh`: not one that was prepared for somebody who waits. Raises TooManySandboxes where `owner` has as many
        that run as he may; None has no bound.
        """

    def running(self, workspace_id: UUID) -> bool:
        """Whether its sandbox runs now; no input or output."""

    def alive(self, workspace_id: UUID) -> bool:
        """Whether it runs or is frozen: its bridge is there and keeps what it was told."""

    async def save(self, workspace_id: UUID) -> str:
        """Keep what is edited in one that runs outside of it too; why that cannot be done, empty where it was."""

    async def stop(self, workspace_id: UUID, reason: str) -> None: ...

    async def remove(self, workspace_id: UUID) -> None: ...


class ProjectRoutes(Protocol):
    """The hosts of a project's workspaces.

    Each change is part of the transaction of `connection`, so that project and hosts never disagree, and returns the
    hosts to `apply` once that is committed.
    """

    async def add(self, facts: WorkspaceFacts, visibility: Visibility, connection: Connection) -> Sequence[str]: ...

    async def rename(self, old: WorkspaceFacts, new: WorkspaceFacts, connection: Connection) -> Sequence[str]:
        """The new host shows the workspace; the old one redirects, and stays reserved."""

    async def set_visibility(
        self, project_id: UUID, visibility: Visibility, connection: Connection
    ) -> Sequence[str]: ...

    async def remove(self, project_id: UUID, connection: Connection) -> Sequence[str]:
        """The hosts show nothing any more, but stay the project's."""

    async def close(self, facts: WorkspaceFacts, connection: Connection) -> Sequence[str]:
        """The host of a member's own workspace shows nothing any more."""

    async def release(self, project_id: UUID, connection: Connection) -> Sequence[str]:
        """The project is no more: its hosts are free."""

    async def apply(self, hosts: Sequence[str]) -> None:
        """Put into effect here at once; everybody else hears of it by the commit."""

    async def end_visits(self, project_id: UUID) -> None:
        """End what visitors have open whom the hosts, as applied, would not let in any more."""
