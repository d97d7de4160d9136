"""GitHub's payloads, and Gitea's and Forgejo's, which have the same shapes with a few words of their own."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from ..model import PullRequest
from .happenings import (
    Happening,
    InstallationChanged,
    MembersChanged,
    Ping,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChange,
    RepositoryChanged,
)
from .shape import ZEROS, Commit, Line, Name, Path, Ref, Shape, ref_of

_ACTIONS = {
    "opened": PullRequestAction.OPENED,
    "reopened": PullRequestAction.REOPENED,
    "synchronize": PullRequestAction.SYNCHRONISED,
    "synchronized": PullRequestAction.SYNCHRONISED,
    "edited": PullRequestAction.EDITED,
    "closed": PullRequestAction.CLOSED,
}
_CHANGES = {
    "renamed": RepositoryChange.RENAMED,
    "transferred": RepositoryChange.RENAMED,
    "deleted": RepositoryChange.DELETED,
    "privatized": RepositoryChange.PRIVATE,
    "publicized": RepositoryChange.PUBLIC,
}


class Account(Shape):
    login: Line = ""


def _login(account: Account | None) -> str:
    return account.login if account else ""


class Repository(Shape):
    id: int
    full_name: Path
    clone_url: Line = ""


class Push(Shape):
    ref: Ref
    after: Commit
    deleted: bool = False
    forced: bool = False
    sender: Account | None = None

    def told(self) -> Happening:
        gone = self.deleted or self.after in ZEROS
        change = RefChanged(self.ref, None if gone else self.after, is_gone=gone, is_forced=self.forced)
        return Pushed([change], _login(self.sender))


class Creation(Shape):
    """GitHub sends a push besides; Gitea none for an empty one."""

    ref: Name
    ref_type: Literal["branch", "tag", "repository"]
    sha: Commit | None = None
    sender: Account | None = None

    def told(self) -> Happening:
        return Pushed([RefChanged(ref_of(self.ref_type, self.ref), self.sha)], _login(self.sender))


class Deletion(Shape):
    ref: Name
    ref_type: Literal["branch", "tag"]
    sender: Account | None = None

    def told(self) -> Happening:
        return Pushed([RefChanged(ref_of(self.ref_type, self.ref), is_gone=True)], _login(self.sender))


class End(Shape):
    ref: Name
    sha: Commit
    repo: Repository | None = None


class Pull(Shape):
    number: int = Field(gt=0, lt=1 << 31)
    title: str = Field("", max_length=2000)
    user: Account | None = None
    html_url: Line = ""
    state: Literal["open", "closed"]
    merged: bool | None = None
    head: End
    base: End

    def ours(self) -> PullRequest:
        source, target = self.head.repo, self.base.repo
        return PullRequest(
            number=self.number, title=self.title, author=_login(self.user), url=self.html_url,
            state="merged" if self.merged else self.state, base_ref=self.base.ref, head_ref=self.head.ref,
            head_commit=self.head.sha, is_fork=source is None or target is None or source.id != target.id,
            source_url=source.clone_url if source else "",
        )  # fmt: skip


class PullRequestEvent(Shape):
    action: Line
    pull_request: Pull
    sender: Account | None = None

    def told(self) -> Happening | None:
        action = _ACTIONS.get(self.action)
        return PullRequestChanged(action, self.pull_request.ours(), _login(self.sender)) if action else None


class RepositoryEvent(Shape):
    action: Line
    repository: Repository

    def told(self) -> Happening:
        what = _CHANGES.get(self.action, RepositoryChange.CHANGED)
        return RepositoryChanged(what, self.repository.full_name)


class Public(Shape):
    repository: Repository

    def told(self) -> Happening:
        return RepositoryChanged(RepositoryChange.PUBLIC, self.repository.full_name)


class Member(Shape):
    member: Account | None = None

    def told(self) -> Happening:
        return MembersChanged(_login(self.member))


class Organisation(Shape):
    """Of teams and organisations, and new names of these: whoever may read there may have changed."""

    def told(self) -> Happening:
        return MembersChanged("")


class Installation(Shape):
    action: Literal["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted", "added", "removed"]

    def told(self) -> Happening:
        return InstallationChanged(self.action in ("deleted", "suspend", "removed"))


class PingEvent(Shape):
    hook_id: int = 0

    def told(self) -> Happening:
        return Ping()


SHAPES: Mapping[str, Any] = {
    "push": Push,
    "create": Creation,
    "delete": Deletion,
    "pull_request": PullRequestEvent,
    "pull_request_sync": PullRequestEvent,
    "repository": RepositoryEvent,
    "public": Public,
    "member": Member,
    "membership": Member,
    "team": Organisation,
    "team_add": Organisation,
    "organization": Organisation,
    "installation_target": Organisation,
    "installation": Installation,
    "installation_repositories": Installation,
    "ping": PingEvent,
}
