"""Builds and their sites, as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from firefly.builds.model import BuildState, SiteState, StepState, Trigger, Trust
from firefly.protocol.manifest import Dockerfile

from .base import Input, Output, Query, Text

RefName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class BuildFailure(Output):
    """Why it failed: `cause` is likely, `lines` are those of the log that matter."""

    step: str
    cause: str
    remedy: str
    command: str
    exit_code: int | None
    lines: list[str]


class BuildPlace(Output):
    position: int = Field(description="In the queue, from 1.")
    ahead_of_project: int = Field(description="Builds of the same project that come before.")
    queued_seconds: float
    held: bool = Field(description="Builds of its project are held: it does not move.")
    reason: str = Field(description="Why it does not move, where it does not.")


class BuildStep(Output):
    """`command` is null for what Firefly does itself."""

    position: int
    name: str
    command: str | None
    state: StepState
    reason: str
    exit_code: int | None
    started_at: datetime
    ended_at: datetime | None


class BuildSite(Output):
    """What shows the build. `url` is the main one of `urls`; `sandbox_state` is null where it has no sandbox."""

    build_id: UUID = Field(description="What it shows.")
    is_pages: bool = Field(description="Whether it is nothing but pages: it needs no process, and never sleeps.")
    state: SiteState
    reason: str
    url: str
    urls: list[str]
    sandbox_state: str | None
    stops_at: datetime | None = Field(description="When its sandbox goes to sleep, unless somebody looks.")


class Build(Output):
    id: UUID
    project: str = Field(description="`owner/name`.")
    number: int
    ref: str
    branch: str = Field(description="The branch or tag; `pr-<number>` of a pull request.")
    commit: str
    subject: str
    author: str
    trigger: Trigger
    by: str = Field(description="Who asked for it.")
    pull_request: int | None
    trust: Trust
    state: BuildState
    reason: str
    failure: BuildFailure | None
    artifact: str | None
    configured_by: str | None
    reused_from: UUID | None
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    queue: BuildPlace | None = Field(description="While it is queued.")
    seconds: float | None = Field(description="For which it has run.")
    steps: list[BuildStep] = Field(description="Empty in lists.")
    site: BuildSite | None
    kept_until: datetime | None = Field(description="Until then its sandbox is kept, for a terminal.")


class Builds(Output):
    """`cursor` is passed to the next call; null: these are the last."""

    builds: list[Build]
    cursor: str | None


class BuildsQuery(Query):
    cursor: str | None = Field(None, max_length=20, description="`cursor` of the page before.")
    limit: int = Field(30, ge=1, le=100, description="Builds on a page.")
    ref: str | None = Field(None, max_length=1000, description="Of this branch, or whole ref, only.")
    state: BuildState | None = None
    search: str = Field("", max_length=200, description="In its subject, branch, author, who asked; or its commit.")


class BuildCommit(Output):
    commit: str
    subject: str
    author: str
    at: datetime


class BuildChanges(Output):
    """`since`: the newest before it that went well, of its branch or else of the default one; commits newest first."""

    since: Build | None
    commits: list[BuildCommit]
    more: bool = Field(description="There are more of them than are named.")


class NewBuild(Input):
    """Without `ref` the default branch, without `commit` its newest one. `forced`: also what was built before."""

    ref: RefName | None = None
    commit: str | None = Field(None, max_length=64)
    forced: bool = False


class BranchRequest(Output):
    """A pull request, as its provider has it."""

    number: int
    title: str
    url: str
    state: str


class Branch(Output):
    """`newest` is its newest build; `deleted`: it is gone from the repository, and its site will be."""

    ref: str
    branch: str
    commit: str
    subject: str
    reason: str = Field(description="Why it was not built, where it was not.")
    pull_request: BranchRequest | None
    newest: Build | None
    site: BuildSite | None
    is_demo: bool = Field(description="Its site does not count against quotas.")
    deleted: bool


class Branches(Output):
    branches: list[Branch]


class BranchChange(Input):
    is_demo: bool


class BuildSettings(Output):
    policy: Literal["all", "none", "patterns"]
    patterns: list[str]
    pull_requests: bool
    held: bool
    held_reason: str
    configuration: str | None
    configuration_forced: bool
    timeout: int | None = Field(description="Seconds; null: as the server has it.")
    commit_status: bool
    pull_request_comment: bool
    deployments: bool
    failure_mail: bool
    badge_key: str = Field(description="`?key=` of the badge, where the project is not public.")


class BadgeQuery(Query):
    branch: str | None = Field(None, max_length=1000, description="Or a whole ref; else the default branch.")
    key: str = Field("", max_length=64, description="Needed where the project is not public.")


class BuildSettingsChange(Input):
    """What is left out stays as it is."""

    policy: Literal["all", "none", "patterns"] | None = None
    patterns: list[Annotated[Text, StringConstraints(min_length=1, max_length=250)]] | None = Field(
        None, max_length=100
    )
    pull_requests: bool | None = None
    held: bool | None = None
    held_reason: Text | None = Field(None, max_length=500)
    configuration: Text | None = Field(None, max_length=64 << 10)
    configuration_forced: bool | None = None
    timeout: int | None = Field(None, ge=1, le=86_400)
    commit_status: bool | None = None
    pull_request_comment: bool | None = None
    deployments: bool | None = None
    failure_mail: bool | None = None


class BuildCache(Output):
    folder: str
    keys: list[str]


class BuildPlan(Output):
    """How it is built, and why: `why` has a sentence for each part that is not empty."""

    strategy: Literal["dockerfile", "commands", "site", "none"]
    family: str
    runtime: str | None
    versions: dict[str, str]
    install: list[str]
    build: list[str]
    test: list[str]
    run: list[str]
    port: int | None
    folder: str | None
    dockerfile: Dockerfile | None
    database: str | None
    env: dict[str, str]
    caches: list[BuildCache]
    configured_by: str | None
    why: dict[str, str]
    notes: list[str]


class Builder(Output):
    """One replica that builds."""

    name: str
    builds: int


class BuildMinutes(Output):
    """What an owner's builds took this month."""

    owner: str
    minutes: float


class BuildOverview(Output):
    """`builds` are those that run, then the queue in its order, a hundred at most."""

    running: int
    queued: int
    waiting: int = Field(description="For somebody's approval.")
    builds: list[Build]
    builders: list[Builder]
    minutes: list[BuildMinutes]
