"""Builds, their logs and what projects want of them, as the API tells them."""

from datetime import datetime
from uuid import UUID

from firefly.protocol.manifest import Dockerfile

from .models import Value

OVER = frozenset({"succeeded", "failed", "tests_failed", "cancelled", "killed", "timed_out", "superseded"})


class BuildFailure(Value):
    step: str
    cause: str
    remedy: str = ""
    command: str = ""
    exit_code: int | None = None
    lines: list[str]


class BuildPlace(Value):
    position: int
    ahead_of_project: int
    queued_seconds: float
    held: bool = False
    reason: str = ""


class BuildStep(Value):
    position: int
    name: str
    command: str | None = None
    state: str
    reason: str = ""
    exit_code: int | None = None
    started_at: datetime
    ended_at: datetime | None = None


class BuildSite(Value):
    build_id: UUID
    state: str
    reason: str = ""
    url: str = ""
    urls: list[str]
    sandbox_state: str | None = None


class Build(Value):
    id: UUID
    project: str
    number: int
    ref: str
    branch: str
    commit: str
    subject: str = ""
    author: str = ""
    trigger: str
    by: str = ""
    pull_request: int | None = None
    trust: str = "project"
    state: str
    reason: str = ""
    failure: BuildFailure | None = None
    artifact: str | None = None
    configured_by: str | None = None
    reused_from: UUID | None = None
    created_at: datetime
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    queue: BuildPlace | None = None
    seconds: float | None = None
    steps: list[BuildStep]
    site: BuildSite | None = None
    kept_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def name(self) -> str:
        """As commands take it."""
        return f"{self.project}#{self.number}"


class BuildPage(Value):
    builds: list[Build]
    cursor: str | None = None


class LogLine(Value):
    n: int
    at: int
    step: int
    stream: str
    text: str


class LogPage(Value):
    lines: list[LogLine]
    cursor: int | None = None


class BranchRequest(Value):
    number: int
    title: str = ""
    url: str = ""
    state: str = ""


class Branch(Value):
    ref: str
    branch: str
    commit: str
    subject: str = ""
    reason: str = ""
    pull_request: BranchRequest | None = None
    newest: Build | None = None
    site: BuildSite | None = None
    is_demo: bool = False
    deleted: bool = False


class Branches(Value):
    branches: list[Branch]


class BuildSettings(Value):
    policy: str
    patterns: list[str]
    pull_requests: bool
    held: bool
    held_reason: str
    configuration: str | None = None
    configuration_forced: bool
    timeout: int | None = None
    commit_status: bool
    pull_request_comment: bool
    deployments: bool
    failure_mail: bool
    badge_key: str = ""


class BuildCache(Value):
    folder: str
    keys: list[str]


class BuildPlan(Value):
    """`why` has a sentence for each part that is not empty."""

    strategy: str
    family: str = ""
    runtime: str | None = None
    versions: dict[str, str]
    install: list[str]
    build: list[str]
    test: list[str]
    run: list[str]
    port: int | None = None
    folder: str | None = None
    dockerfile: Dockerfile | None = None
    database: str | None = None
    env: dict[str, str]
    caches: list[BuildCache]
    configured_by: str | None = None
    why: dict[str, str]
    notes: list[str]
