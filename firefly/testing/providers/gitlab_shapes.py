"""Bodies as GitLab publishes them."""

from typing import Literal

from pydantic import Field

from .model import Shape


class StatusShape(Shape):
    state: Literal["pending", "running", "success", "failed", "canceled", "skipped"]
    name: str
    target_url: str = Field(pattern="^https?://", max_length=255)
    description: str = Field(max_length=255)


class KeyShape(Shape):
    title: str
    key: str = Field(pattern=r"^ssh-")
    can_push: bool


class HookShape(Shape):
    url: str = Field(pattern="^https?://")
    token: str = Field(min_length=20)
    push_events: bool
    tag_push_events: bool
    merge_requests_events: bool
    enable_ssl_verification: bool


class NewProjectShape(Shape):
    name: str
    path: str
    description: str
    visibility: Literal["private", "internal", "public"]
    initialize_with_readme: bool
    namespace_id: int | None = None


class NewMergeRequestShape(Shape):
    source_branch: str
    target_branch: str
    title: str
    description: str


class DeploymentShape(Shape):
    environment: str
    sha: str
    ref: str
    tag: bool
    status: Literal["running", "success", "failed", "canceled"]


class DeploymentStatusShape(Shape):
    status: Literal["running", "success", "failed", "canceled"]


class NewEnvironmentShape(Shape):
    name: str
    external_url: str


class EnvironmentShape(Shape):
    external_url: str
