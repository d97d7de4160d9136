"""Bitbucket Data Center's payloads: other shapes than the Cloud's, and other events."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..model import PullRequest
from .happenings import (
    MOST_CHANGES,
    Happening,
    MembersChanged,
    Ping,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChange,
    RepositoryChanged,
)
from .shape import Commit, Line, Name, Ref, Shape


class User(Shape):
    name: Line = ""


def _name(user: User | None) -> str:
    return user.name if user else ""


class Project(Shape):
    key: Line


class Repository(Shape):
    id: int
    slug: Line
    project: Project

    @property
    def path(self) -> str:
        return f"{self.project.key}/{self.slug}"


class Change(Shape):
    refId: Ref
    toHash: Commit
    type: Literal["ADD", "UPDATE", "DELETE"]

    def told(self) -> RefChanged:
        gone = self.type == "DELETE"
        return RefChanged(self.refId, None if gone else self.toHash, is_gone=gone)


class RefsChanged(Shape):
    changes: list[Change] = Field(max_length=MOST_CHANGES)
    actor: User | None = None

    def told(self) -> Happening:
        return Pushed([change.told() for change in self.changes], _name(self.actor))


class Side(Shape):
    displayId: Name
    latestCommit: Commit
    repository: Repository


class Participant(Shape):
    user: User


class Pull(Shape):
    id: int = Field(gt=0, lt=1 << 31)
    title: str = Field("", max_length=2000)
    state: Line
    fromRef: Side
    toRef: Side
    author: Participant | None = None

    def ours(self) -> PullRequest:
        return PullRequest(
            number=self.id, title=self.title, author=_name(self.author.user if self.author else None), url="",
            state=PullRequest.state_named(self.state), base_ref=self.toRef.displayId, head_ref=self.fromRef.displayId,
            head_commit=self.fromRef.latestCommit, is_fork=self.fromRef.repository.id != self.toRef.repository.id,
        )  # fmt: skip


class PullRequestEvent(Shape):
    action: ClassVar[PullRequestAction]
    pullRequest: Pull
    actor: User | None = None

    def told(self) -> Happening:
        return PullRequestChanged(self.action, self.pullRequest.ours(), _name(self.actor))


class Opened(PullRequestEvent):
    action = PullRequestAction.OPENED


class Updated(PullRequestEvent):
    action = PullRequestAction.SYNCHRONISED


class Modified(PullRequestEvent):
    action = PullRequestAction.EDITED


class Closed(PullRequestEvent):
    action = PullRequestAction.CLOSED


class RepositoryModified(Shape):
    old: Repository
    new: Repository

    def told(self) -> Happening:
        renamed = self.old.path != self.new.path
        return RepositoryChanged(RepositoryChange.RENAMED if renamed else RepositoryChange.CHANGED, self.new.path)


class ProjectModified(Shape):
    """Of a project's own hook: its repositories may have another name, or other readers."""

    def told(self) -> Happening:
        return MembersChanged("")


class Diagnostics(Shape):
    def told(self) -> Happening:
        return Ping()


SHAPES: Mapping[str, Any] = {
    "repo:refs_changed": RefsChanged,
    "repo:modified": RepositoryModified,
    "proj:modified": ProjectModified,
    "pr:opened": Opened,
    "pr:from_ref_updated": Updated,
    "pr:modified": Modified,
    "pr:merged": Closed,
    "pr:declined": Closed,
    "pr:deleted": Closed,
    "diagnostics:ping": Diagnostics,
}
