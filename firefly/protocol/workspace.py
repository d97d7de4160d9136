"""Messages about the workspace as a whole: who is here, where it came from, whose it is."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from firefly.protocol.model import Listed, Params, Result
from firefly.protocol.site import SiteParams

# Bytes of the copy of a workspace's files that git ignores.
MOST_COPIED = 512 << 20


class Role(StrEnum):
    OWNER = "owner"
    MAINTAINER = "maintainer"
    EDITOR = "editor"
    VIEWER = "viewer"


class Member(Result):
    """Who is behind a connection; the server says so in X-Firefly-Member, as JSON."""

    id: str
    name: str
    role: Role
    visits: bool = False
    """No member at all, but somebody whom a public project shows its files: not its output, nor hidden files."""


class HelloParams(Params):
    client: str = Field(max_length=200)


class Limits(Result):
    """In bytes: the largest file that files.read and files.write take, and the largest message."""

    file: int
    message: int


class ProjectName(Params):
    owner: str
    name: str


class Hello(Result):
    protocol: int
    workspace_id: str
    project: ProjectName | None
    role: Role
    limits: Limits
    features: list[str]


class InitializeParams(Params):
    """Exactly one of `template` and `clone`; an archive comes as the raw body of POST /initialize?archive=1 instead.

    `files` (path → text) are written over the template's. `onto`: the workspace lies on a layer of the same repository.
    """

    template: str | None = Field(default=None, pattern=r"^[a-z0-9](-?[a-z0-9])*$")
    clone: bool = False
    onto: bool = False
    files: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.template is not None) == self.clone:
            raise ValueError("give either a template or clone")
        return self


class CarryParams(Params):
    """Asks for what differs from commit `base` (empty: from nothing). `published`: only what visitors may see."""

    base: str = Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
    published: bool = False


class Initialized(Result):
    """`commit` is the workspace's HEAD; `prepared` says that files and history were copied, not made."""

    files: int
    commit: str | None
    prepared: bool = False


class Configuration(Params):
    """Whose the workspace is. `preview_hosts` without port; `base_url` is the preview's.

    `secrets` are given to what the project runs, by name; they are kept in memory only. `filled`: it has had files, so
    that one without any has lost them. `site`: it holds what a build made, and is to be run as that says.
    """

    project: ProjectName
    preview_hosts: list[str] = Field(default_factory=list, max_length=64)
    base_url: str = ""
    member_names: list[str] = Field(default_factory=list)
    filled: bool = False
    secrets: dict[str, str] = Field(default_factory=dict, max_length=128, repr=False)
    site: SiteParams | None = None


class Configured(Result):
    """`lost`: its files are gone. Nothing is started in it before they are restored."""

    lost: bool = False


class Restored(Result):
    """`checkpoint`: what the files are from; None where the hosted repository alone had them.

    `before`: the checkpoint of what was there until then.
    """

    files: int
    checkpoint: str | None
    before: str | None = None


class RestoreParams(Params):
    """`paths`: these files and folders alone, else everything that git does not ignore."""

    checkpoint: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    paths: list[str] | None = Field(default=None, max_length=1000)


class PullParams(Params):
    ref: str = Field(
        default="refs/heads/main", pattern=r"^refs/heads/[^\s~^:?*\[\\\x00-\x1f-][^\s~^:?*\[\\\x00-\x1f]*$"
    )


class Pulled(Result):
    """`reason` says what happened, or why the workspace was left alone."""

    updated: bool
    reason: str
    commit: str | None = None


class Refused(Result):
    """A file that is not saved outside of the sandbox, in bytes, why, and what to do about it."""

    path: str
    size: int
    reason: str
    remedy: str = ""


class ShadowStatus(Result):
    """Whether every edit is saved outside of the sandbox. `error` says why not, when the last try failed."""

    flushed: bool
    flushed_at: datetime | None = None
    commit: str | None = None
    error: str = ""
    refused: Listed[Refused] = Field(default_factory=list)


class Health(Result):
    """`unflushed`: there are edits that are not saved outside of the sandbox yet."""

    ready: bool
    protocol: int
    workspace_id: str
    unflushed: bool = False


class BridgeError(Result):
    """Notification bridge.error: something that cannot be answered, such as a frame to an unknown channel."""

    code: str
    message: str
    channel: int | None = None
