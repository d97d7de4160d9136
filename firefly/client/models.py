"""What the API answers, as the client's values. Members that a newer server adds are ignored."""

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Value, Generic[Item]):
    """`next` is the cursor of the page after this one, None on the last."""

    items: list[Item]
    next: str | None = None


class Urls(Value):
    editor: str
    preview: str
    git: str


class LastChange(Value):
    what: str
    who: str | None = None
    at: datetime


class Step(Value):
    name: str
    state: str
    detail: str = ""
    percent: int | None = None


class Job(Value):
    """Ended when `state` is succeeded, failed or cancelled; `error` says why it failed."""

    id: UUID
    kind: str
    state: str
    steps: list[Step]
    error: str | None = None

    @property
    def ended(self) -> bool:
        return self.state in {"succeeded", "failed", "cancelled"}


class Project(Value):
    id: UUID
    owner: str
    name: str
    description: str = ""
    visibility: str
    remix_of: str | None = None
    remixes: int = 0
    role: str | None = None
    sandbox: str = "stopped"
    sandbox_reason: str = ""
    freezes_at: datetime | None = None
    stops_at: datetime | None = None
    changed_at: datetime
    deleted_at: datetime | None = None
    last_change: LastChange
    urls: Urls
    job: Job | None = None

    @property
    def path(self) -> str:
        return f"{self.owner}/{self.name}"


class Template(Value):
    name: str
    title: str
    description: str


class Limits(Value):
    memory: int
    cpu: float
    pids: int
    disk: int


class Usage(Value):
    memory: int
    cpu_seconds: float
    pids: int


class Port(Value):
    port: int
    url: str


class KeepAwake(Value):
    id: UUID
    by: str
    reason: str
    until: datetime


class Checkpoint(Value):
    id: str
    at: datetime
    branch: str
    files: int
    paths: list[str]
    added: int = 0
    removed: int = 0


class FileChange(Value):
    path: str
    change: str
    added: int | None
    removed: int | None


class RefusedFile(Value):
    path: str
    size: int
    reason: str
    remedy: str


class CheckpointsStatus(Value):
    kept: bool
    kept_at: datetime | None
    error: str
    refused: list[RefusedFile]


class RestoredFiles(Value):
    files: int
    undo: str | None = None


class Sandbox(Value):
    state: str
    reason: str
    since: datetime
    freezes_at: datetime | None = None
    stops_at: datetime | None = None
    limits: Limits
    usage: Usage | None = None
    busy: list[str] = []
    ports: list[Port] = []
    notes: list[str] = []
    keep_awake: list[KeepAwake] = []
    refusal: str | None = None


class Wishes(Value):
    """Seconds, bytes of memory, processors, processes, bytes on the disk; None: as the next in line says."""

    freeze: float | None = None
    stop: float | None = None
    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    disk: int | None = None


class Terms(Value):
    freeze: float | None = None
    stop: float
    age: float | None = None
    limits: Limits
    notes: list[str] = []


class SandboxSettings(Value):
    file: Wishes
    settings: Wishes
    standard: Wishes
    most: Wishes
    granted: Terms


class Execution(Value):
    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False


class Account(Value):
    id: UUID
    name: str
    display_name: str
    is_administrator: bool = False


class Me(Value):
    account: Account
    via: str
    scopes: list[str]


class Token(Value):
    """`token` is the secret, told only when it is made."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    token: str | None = None


class Proof(Value):
    """A record of the DNS."""

    type: str
    name: str
    value: str


class Certificate(Value):
    state: str
    reason: str = ""
    ends: datetime | None = None


class WorkspaceUrls(Value):
    editor: str
    preview: str


class Workspace(Value):
    """`member`: whose own it is, None for the shared one. `open`: that member may still use it."""

    member: str | None
    open: bool
    ready: bool
    state: str
    reason: str
    since: datetime
    stops_at: datetime | None = None
    created_at: datetime
    urls: WorkspaceUrls
    job: Job | None = None


class Secret(Value):
    """A project's secret without its value; `state` is set, missing or unreadable."""

    name: str
    state: str
    size: int
    by: str | None = None
    changed_at: datetime


class Domain(Value):
    """`state` is pending, active, failing, suspended or taken; `reason` says why."""

    id: UUID
    host: str
    kind: str
    port: int | None = None
    state: str
    reason: str = ""
    url: str
    proof: Proof | None = None
    certificate: Certificate
