"""The API's bodies and answers, as pydantic models: the OpenAPI document is made from them."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")
RoleName = Literal["owner", "maintainer", "editor", "viewer"]
VisibilityName = Literal["members", "public"]
# Names are checked by firefly.hostnames, which also says why; here only what no name can be.
Name = Annotated[str, StringConstraints(max_length=200)]


class Input(BaseModel):
    """From outside: unknown members are mistakes, types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Query strings are text, so numbers in them are parsed."""

    model_config = ConfigDict(extra="ignore")


class Output(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Listing(Output, Generic[Item]):
    """`next` is the cursor of the next page; null: this is the last."""

    items: list[Item]
    next: str | None = None


class Paging(Query):
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="Items on a page.")


class ProjectsQuery(Paging):
    deleted: bool = Field(False, description="List what can be restored instead.")


class Account(Output):
    id: UUID
    name: str
    display_name: str
    email: str | None
    is_administrator: bool
    created_at: datetime


class Me(Output):
    """Who the caller is, and by which credential."""

    account: Account
    via: str
    scopes: list[str]


class AccountChange(Input):
    password: str = Field(max_length=1000, description="The new one; all other sessions end.")
    current_password: str = Field("", max_length=1000, description="Needed when you have one.")


class SignIn(Input):
    name: str = Field(max_length=1000)
    password: str = Field(max_length=1000)


class NewAccount(Input):
    name: Name
    password: str | None = Field(
        None, max_length=1000, description="Left out: the answer holds a one-time link to choose one."
    )
    display_name: str = Field("", max_length=200)
    email: str | None = Field(None, max_length=320)
    is_administrator: bool = False


class CreatedAccount(Output):
    account: Account
    sign_in_url: str | None = Field(None, description="The one-time link, when no password was given.")


class RoleChange(Input):
    is_administrator: bool


class Urls(Output):
    editor: str
    preview: str
    git: str


class LastChange(Output):
    what: str
    who: str | None
    at: datetime


class Project(Output):
    id: UUID
    owner: str
    name: str
    description: str
    visibility: VisibilityName
    default_branch: str
    template: str | None
    role: RoleName | None = Field(description="The caller's; null for a visitor of a public project.")
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None
    last_change: LastChange
    sandbox: str = Field(description="`running`, or `stopped` for everything else; the sandbox's own call says more.")
    urls: Urls


class Step(Output):
    name: str
    state: str
    started: datetime | None
    finished: datetime | None
    detail: str
    percent: int | None


class Job(Output):
    id: UUID
    project_id: UUID
    kind: str
    state: str
    steps: list[Step]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class CreatedProject(Project):
    job: Job | None = Field(None, description="What fills the project, when it comes from a git URL or an archive.")


class NewProject(Input):
    name: Name
    owner: Name | None = None
    description: str = Field("", max_length=2000)
    visibility: VisibilityName = "members"
    template: str | None = Field(None, max_length=100, description="One of `GET /templates`.")
    git_url: str | None = Field(None, max_length=2000, description="Import from here: https or ssh.")


class ArchiveQuery(Query):
    """What an upload says about the project that it makes: the body is the archive itself."""

    name: Name
    filename: str = Field("archive", max_length=255)
    description: str = Field("", max_length=2000)
    visibility: VisibilityName = "members"


class ProjectChange(Input):
    name: Name | None = None
    description: str | None = Field(None, max_length=2000)
    visibility: VisibilityName | None = None


class Access(Output):
    visibility: VisibilityName


class AccessChange(Input):
    visibility: VisibilityName


class Template(Output):
    name: str
    title: str
    description: str
    order: int
    icon: str
    language: str


class Member(Output):
    name: str
    display_name: str
    role: RoleName
    since: datetime


class NewMember(Input):
    name: Name
    role: RoleName = "editor"


class MemberRole(Input):
    role: RoleName


class Exec(Input):
    command: str | list[str] = Field(min_length=1, description="A string goes through the shell, a list does not.")
    timeout: float = Field(60, gt=0, le=3600, strict=False, description="Seconds.")
    env: dict[str, str] = Field(default_factory=dict)


class ExecAnswer(Output):
    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    truncated: bool = False


class SandboxLimits(Output):
    """Bytes of memory, processors, processes."""

    memory: int
    cpu: float
    pids: int


class SandboxUsage(Output):
    memory: int
    cpu_seconds: float
    pids: int


class Sandbox(Output):
    state: str
    reason: str
    since: datetime
    stops_at: datetime | None
    limits: SandboxLimits
    usage: SandboxUsage | None


class Token(Output):
    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


class NewToken(Input):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[str] = Field(default_factory=lambda: ["read", "write", "git"], min_length=1, max_length=20)
    expires_at: datetime | None = Field(None, strict=False)
    expires_in: float | None = Field(None, gt=0, strict=False, description="Seconds; instead of `expires_at`.")


class CreatedToken(Token):
    token: str = Field(description="The secret. It is shown this once.")


class Session(Output):
    id: UUID
    user_agent: str
    address: str | None
    created_at: datetime
    last_used_at: datetime | None = None
    current: bool


class AuditEntry(Output):
    id: int
    at: datetime
    actor: str | None = Field(validation_alias="actor_name")
    action: str
    resource: str
    address: str | None
    detail: dict[str, object]


class BeforeQuery(Query):
    before: int | None = Field(None, ge=0, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)


class JobsQuery(Query):
    project: UUID | None = None
