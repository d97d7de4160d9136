"""What a build is: its states, what asked for it, and the records that the services return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class BuildState(StrEnum):
    """`waiting`: for somebody to approve it. `tests_failed`: built, but neither routed nor releasable."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TESTS_FAILED = "tests_failed"
    CANCELLED = "cancelled"
    KILLED = "killed"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"

    @property
    def is_over(self) -> bool:
        return self not in (BuildState.WAITING, BuildState.QUEUED, BuildState.RUNNING)


class Trigger(StrEnum):
    PUSH = "push"
    WEBHOOK = "webhook"
    PULL_REQUEST = "pull_request"
    MANUAL = "manual"
    API = "api"
    SCHEDULE = "schedule"
    RETRY = "retry"
    SWEEP = "sweep"


class Trust(StrEnum):
    """Whose code it is: what is built of a fork gets no secrets, and shares no artifact with the project's own."""

    PROJECT = "project"
    FORK = "fork"


class StepState(StrEnum):
    """`ended`: from outside, with its build."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    ENDED = "ended"


class SiteState(StrEnum):
    """Of a site, not of its sandbox: one that is live may sleep until somebody asks for it, if it has one."""

    STARTING = "starting"
    LIVE = "live"
    FAILED = "failed"
    STOPPED = "stopped"
    REPLACED = "replaced"
    REMOVED = "removed"


def branch_of(ref: str) -> str:
    """The branch or tag; `pr-<number>` of a pull request."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    return f"pr-{name}" if kind == "pull" else name


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a build failed: the likely `cause`, what to do about it, and the few lines of the log that matter."""

    step: str
    cause: str
    remedy: str = ""
    command: str = ""
    exit_code: int | None = None
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A build as whoever writes for it has it: what he writes is refused once it has another `epoch`."""

    build_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuild:
    """What to build. `ref` is `refs/heads/…`, `refs/tags/…` or `refs/pull/<number>`, `commit` its object name.

    `account_id` asked for it, `actor` names who did where that is no account of ours. `forced`: build although the same
    commit of the ref was built before, and use no artifact of an earlier build.
    """

    project_id: UUID
    ref: str
    commit: str
    trigger: Trigger
    account_id: UUID | None = None
    actor: str = ""
    trust: Trust = Trust.PROJECT
    subject: str = ""
    author: str = ""
    forced: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One commit turned into one artifact. `plan` is the analyser's as JSON, `artifact` a digest.

    `account` is the name of who asked for it. `ending` is the state that it is to have, where its end was asked for.
    `epoch` is one more with each who builds it.
    """

    id: UUID
    project_id: UUID
    owner: str
    project: str
    number: int
    ref: str
    commit: str
    tree: str
    subject: str
    author: str
    trigger: Trigger
    account_id: UUID | None
    account: str
    actor: str
    trust: Trust
    state: BuildState
    reason: str
    failure: Failure | None
    forced: bool
    plan: Mapping[str, Any] | None
    configured_by: str | None
    build_key: str | None
    artifact: str | None
    reused_from: UUID | None
    priority: int
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    epoch: int = 0
    ending: BuildState | None = None
    ending_reason: str = ""

    @property
    def branch(self) -> str:
        return branch_of(self.ref)

    @property
    def pull_request(self) -> int | None:
        return int(self.ref.removeprefix("refs/pull/")) if self.ref.startswith("refs/pull/") else None

    @property
    def hold(self) -> Hold:
        return Hold(self.id, self.epoch)


@dataclass(frozen=True, slots=True)
class Step:
    """`command` is None for what Firefly does itself."""

    position: int
    name: str
    command: str | None
    state: StepState
    reason: str
    exit_code: int | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How building ended. `artifact` where it made one, also when its tests failed."""

    state: BuildState
    reason: str
    artifact: str | None = None
    failure: Failure | None = None
    reused_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What a strategy made. `kind` is `archive`, `site` or `image`; `digest` names the uncompressed content."""

    digest: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`hosts` are all that lead to it, the main one first. `is_pages`: it is served without a process of its own."""

    id: UUID
    project_id: UUID
    build_id: UUID
    shows: str
    ref: str
    label: str
    workspace_id: UUID | None
    is_pages: bool
    state: SiteState
    reason: str
    is_demo: bool
    created_at: datetime
    live_at: datetime | None
    ended_at: datetime | None
    hosts: Sequence[str] = field(default_factory=tuple)

    @property
    def is_shown(self) -> bool:
        """Whether there is something that could be shown of it."""
        return self.is_pages or self.workspace_id is not None
