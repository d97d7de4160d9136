"""GitLab's payloads. Events are told by `object_kind`, those about members and projects by `event_name`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from ..model import PullRequest
from .happenings import (
    Happening,
    MembersChanged,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChange,
    RepositoryChanged,
)
from .shape import ZEROS, Commit, Line, Name, Path, Ref, Shape

_ACTIONS = {
    "open": PullRequestAction.OPENED,
    "reopen": PullRequestAction.REOPENED,
    "close": PullRequestAction.CLOSED,
    "merge": PullRequestAction.CLOSED,
}
_PROJECTS = {
    "project_rename": RepositoryChange.RENAMED,
    "project_transfer": RepositoryChange.RENAMED,
    "project_destroy": RepositoryChange.DELETED,
    "project_update": RepositoryChange.CHANGED,
}
# Of projects by system hooks, of groups by hooks of these as well. A group's new name is its projects' too.
_MEMBERS = frozenset(
    {
        "user_add_to_team", "user_remove_from_team", "user_update_for_team",
        "user_add_to_group", "user_remove_from_group", "user_update_for_group",
        "group_rename",
    }
)  # fmt: skip
# As system hooks tell of them, some with `visibilitylevel|` before.
_HIDDEN = ("private", "internal")


class Account(Shape):
    username: Line = ""


class Push(Shape):
    object_kind: Literal["push", "tag_push"]
    ref: Ref
    after: Commit
    user_username: Line | None = None

    def told(self) -> Happening:
        gone = self.after in ZEROS
        return Pushed([RefChanged(self.ref, None if gone else self.after, is_gone=gone)], self.user_username or "")


class LastCommit(Shape):
    id: Commit


class Project(Shape):
    git_http_url: Line = ""


class MergeRequest(Shape):
    iid: int = Field(gt=0, lt=1 << 31)
    title: str = Field("", max_length=2000)
    state: Line
    action: Line = ""
    source_branch: Name
    target_branch: Name
    source_project_id: int | None = None
    target_project_id: int
    last_commit: LastCommit | None = None
    url: Line = ""
    oldrev: Commit | None = None
    source: Project | None = None

    def ours(self, author: str, head: str) -> PullRequest:
        return PullRequest(
            number=self.iid, title=self.title, author=author, url=self.url, state=PullRequest.state_named(self.state),
            base_ref=self.target_branch, head_ref=self.source_branch, head_commit=head,
            is_fork=self.source_project_id != self.target_project_id,
            source_url=self.source.git_http_url if self.source else "",
        )  # fmt: skip


class MergeRequestEvent(Shape):
    object_kind: Literal["merge_request"]
    user: Account = Account()
    object_attributes: MergeRequest

    def told(self) -> Happening | None:
        """An update with `oldrev` is one of the code; approvals and the like, and those without commits, are none."""
        attributes = self.object_attributes
        action = _ACTIONS.get(attributes.action)
        if attributes.action == "update":
            action = PullRequestAction.SYNCHRONISED if attributes.oldrev else PullRequestAction.EDITED
        if action is None or attributes.last_commit is None:
            return None
        pull = attributes.ours(self.user.username, attributes.last_commit.id)
        return PullRequestChanged(action, pull, self.user.username)


class ProjectEvent(Shape):
    event_name: Line
    path_with_namespace: Path
    project_visibility: Line = ""

    def told(self) -> Happening:
        what = _PROJECTS[self.event_name]
        if what is RepositoryChange.CHANGED and self.project_visibility.endswith(_HIDDEN):
            what = RepositoryChange.PRIVATE
        return RepositoryChanged(what, self.path_with_namespace)


class MemberEvent(Shape):
    event_name: Line
    user_username: Line = ""

    def told(self) -> Happening:
        return MembersChanged(self.user_username)


class Kind(Shape):
    """What a payload is, told before it is read as such."""

    object_kind: Line = ""
    event_name: Line = ""

    def shape(self) -> Any:
        if self.object_kind in SHAPES:
            return SHAPES[self.object_kind]
        if self.event_name in _PROJECTS:
            return ProjectEvent
        return MemberEvent if self.event_name in _MEMBERS else None


SHAPES: Mapping[str, Any] = {"push": Push, "tag_push": Push, "merge_request": MergeRequestEvent}
