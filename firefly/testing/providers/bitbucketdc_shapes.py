"""What Bitbucket Data Center takes, as it publishes it."""

from typing import Literal

from pydantic import Field

from .model import Shape


class StatusShape(Shape):
    key: str
    state: Literal["INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED", "UNKNOWN"]
    name: str
    url: str = Field(pattern="^https?://")
    description: str = Field(max_length=255)


class CommentShape(Shape):
    text: str = Field(min_length=1)


class ChangedCommentShape(CommentShape):
    version: int


class KeyTextShape(Shape):
    text: str = Field(pattern=r"^ssh-")
    label: str


class KeyShape(Shape):
    key: KeyTextShape
    permission: Literal["REPO_READ", "REPO_WRITE"]


class HookConfigurationShape(Shape):
    secret: str = Field(min_length=20)


class HookShape(Shape):
    name: str
    url: str = Field(pattern="^https?://")
    active: bool
    events: list[
        Literal[
            "repo:refs_changed", "repo:modified", "pr:opened", "pr:from_ref_updated", "pr:modified", "pr:merged",
            "pr:declined", "pr:deleted",
        ]
    ]  # fmt: skip
    configuration: HookConfigurationShape
    sslVerificationRequired: bool


class NewRepositoryShape(Shape):
    name: str
    scmId: Literal["git"]
    public: bool
    description: str


class ProjectShape(Shape):
    key: str


class PlaceShape(Shape):
    slug: str
    project: ProjectShape


class EndShape(Shape):
    id: str = Field(pattern="^refs/heads/")
    repository: PlaceShape


class NewPullShape(Shape):
    title: str
    description: str
    fromRef: EndShape
    toRef: EndShape
