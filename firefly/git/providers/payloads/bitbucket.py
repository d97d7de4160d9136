"""Bitbucket's payloads. A push may change many refs; who changed a pull request's code is not told apart from edits."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..model import PullRequest
from .happenings import (
    MOST_CHANGES,
    Happening,
    Ping,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChange,
    RepositoryChanged,
)
from .shape import Commit, Line, Name, Path, Shape, ref_of


class Account(Shape):
    nickname: Line = ""
    display_name: Line = ""


def _name(account: Account | None) -> str:
    return account.nickname or account.display_name if account else ""


class Target(Shape):
    hash: Commit


class End(Shape):
    type: Literal["branch", "tag", "named_branch", "annotated_tag", "bookmark"]
    name: Name
    target: Target

    @property
    def ref(self) -> str:
        return ref_of("tag" if "tag" in self.type else "branch", self.name)


class Change(Shape):
    old: End | None = None
    new: End | None = None
    forced: bool = False

    def told(self) -> RefChanged | None:
        if self.new is not None:
            return RefChanged(self.new.ref, self.new.target.hash, is_forced=self.forced)
        return RefChanged(self.old.ref, is_gone=True) if self.old else None


class Changes(Shape):
    changes: list[Change] = Field(max_length=MOST_CHANGES)


class Push(Shape):
    push: Changes
    actor: Account | None = None

    def told(self) -> Happening:
        changes = [told for change in self.push.changes if (told := change.told())]
        return Pushed(changes, _name(self.actor))


class Link(Shape):
    href: Line = ""


class Links(Shape):
    html: Link = Link()


class Repository(Shape):
    full_name: Path
    links: Links = Links()


class BranchName(Shape):
    name: Name


class Side(Shape):
    branch: BranchName
    commit: Target
    repository: Repository | None = None


class Pull(Shape):
    id: int = Field(gt=0, lt=1 << 31)
    title: str = Field("", max_length=2000)
    state: Line
    author: Account | None = None
    links: Links = Links()
    source: Side
    destination: Side

    def ours(self) -> PullRequest:
        origin, target = self.source.repository, self.destination.repository
        return PullRequest(
            number=self.id, title=self.title, author=_name(self.author),
            url=self.links.html.href, state=PullRequest.state_named(self.state), base_ref=self.destination.branch.name,
            head_ref=self.source.branch.name, head_commit=self.source.commit.hash,
            is_fork=origin is None or target is None or origin.full_name != target.full_name,
            source_url=f"{origin.links.html.href}.git" if origin and origin.links.html.href else "",
        )  # fmt: skip


class PullRequestEvent(Shape):
    action: ClassVar[PullRequestAction]
    pullrequest: Pull
    actor: Account | None = None

    def told(self) -> Happening:
        return PullRequestChanged(self.action, self.pullrequest.ours(), _name(self.actor))


class Opened(PullRequestEvent):
    action = PullRequestAction.OPENED


class Updated(PullRequestEvent):
    action = PullRequestAction.SYNCHRONISED


class Closed(PullRequestEvent):
    action = PullRequestAction.CLOSED


class RepositoryUpdated(Shape):
    repository: Repository
    changes: dict[str, Any] = Field(default_factory=dict)

    def told(self) -> Happening:
        renamed = "full_name" in self.changes or "name" in self.changes
        what = RepositoryChange.RENAMED if renamed else RepositoryChange.CHANGED
        return RepositoryChanged(what, self.repository.full_name)


class RepositoryDeleted(Shape):
    repository: Repository

    def told(self) -> Happening:
        return RepositoryChanged(RepositoryChange.DELETED, self.repository.full_name)


class Diagnostics(Shape):
    def told(self) -> Happening:
        return Ping()


SHAPES: Mapping[str, Any] = {
    "repo:push": Push,
    "repo:updated": RepositoryUpdated,
    "repo:transfer": RepositoryUpdated,
    "repo:deleted": RepositoryDeleted,
    "pullrequest:created": Opened,
    "pullrequest:updated": Updated,
    "pullrequest:fulfilled": Closed,
    "pullrequest:rejected": Closed,
    "diagnostics:ping": Diagnostics,
}
