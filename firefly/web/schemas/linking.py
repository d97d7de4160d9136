"""Imports from providers, and links of projects, as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from .base import Input, Name, Output, Paging, RoleName, VisibilityName
from .connections import ProviderName, Url

Path = Annotated[str, Field(max_length=500, pattern=r"^[^/\s]+(/[^/\s]+)+$", description="`owner/name` there.")]
# As git takes them, so that nothing in one is read as more than a name.
BranchName = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x20\x7f~^:?*\[\\]+$")]


class RepositoriesQuery(Paging):
    organisation: str | None = Field(None, max_length=200, description="Default: your own.")
    search: str = Field("", max_length=200, description="A part of the name or the description.")


class LinkedHere(Output):
    owner: str
    name: str
    role: RoleName | None = Field(description="Yours; null: you may join.")


class Repository(Output):
    path: str
    description: str
    private: bool
    archived: bool
    permission: Literal["none", "read", "write", "admin"] = Field(description="Yours there; `admin` may be linked.")
    default_branch: str
    url: str
    projects: list[LinkedHere] = Field(description="Those here that belong to it.")


class NewImport(Input):
    provider: Annotated[str, Field(max_length=100, description="Its name, or the id of a connection.")]
    repository: Path
    name: Name | None = Field(None, description="Of the project. Default: that of the repository.")
    visibility: VisibilityName = "members"
    by_key: bool = Field(False, description="Let git get in by a key of its own rather than by your token.")


class NewRepository(Input):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    organisation: str | None = Field(None, max_length=200, description="Default: your own account there.")
    private: bool = True


class NewProviderLink(Input):
    """`repository` is one that is there, `create` makes one: exactly one of both."""

    provider: ProviderName
    url: Url | None = Field(None, description="Of a provider of your own.")
    repository: Path | None = None
    create: NewRepository | None = None
    by_key: bool = Field(False, description="Let git get in by a key of its own rather than by your token.")


class Divergence(Output):
    ref: str
    state: Literal["diverged", "refused"]
    ours: str | None = Field(description="The commit here.")
    theirs: str | None = Field(description="The commit at the provider.")
    reason: str
    compare_url: str | None = Field(description="What is there since both were the same.")


class ProviderLink(Output):
    provider: ProviderName
    url: str = Field(description="Of the provider.")
    repository: str
    web_url: str
    private: bool
    default_branch: str
    state: Literal["linking", "linked", "diverged", "broken", "unlinking"]
    reason: str
    key: str | None = Field(description="The public key that git gets in with; null: it is by a token.")
    hook: bool = Field(description="Whether the provider tells of changes.")
    mirror: Literal["waiting", "level", "diverged", "failing"] | None
    mirror_reason: str
    waits: bool = Field(description="Something was pushed here that the provider does not have yet.")
    looked_at: datetime | None = Field(description="When both sides were last compared.")
    next_look: datetime | None = Field(description="When the provider is asked again after a failure.")
    refs: list[Divergence]


class Resolve(Input):
    branch: BranchName
    choice: Literal["theirs", "ours"] = Field(
        description="theirs: bring theirs here as a new branch, to be merged; ours: keep ours as a new branch on both "
        "sides, and let the branch follow theirs."
    )
    name: Literal[""] | BranchName = Field("", description="Of the new branch. Default: one that is free.")


class Resolved(Output):
    branch: str = Field(description="The branch that was made.")
    link: ProviderLink


class NewPullRequest(Input):
    head: BranchName
    base: Literal[""] | BranchName = Field("", description="Default: the repository's default branch.")
    title: Annotated[str, Field(min_length=1, max_length=250)]
    body: str = Field("", max_length=20_000)


class PullRequest(Output):
    number: int
    url: str
    compare_url: str


class Joined(Output):
    role: RoleName
