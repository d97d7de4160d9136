"""Projects, members, commands and jobs, as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from .base import Input, Name, Output, Paging, Query, RoleName, VisibilityName


class ProjectsQuery(Paging):
    deleted: bool = Field(False, description="List what can be restored instead.")


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
    remix_of: str | None = Field(description="`<owner>/<name>` of what it is a remix of, if the caller may see that.")
    remixes: int
    role: RoleName | None = Field(description="The caller's; null for a visitor of a public project.")
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None
    last_change: LastChange
    sandbox: str = Field(description="Its state; the sandbox's own call says more.")
    sandbox_reason: str
    freezes_at: datetime | None = Field(description="When it is frozen unless it is used.")
    stops_at: datetime | None
    archives_at: datetime | None = Field(
        None, description="When its shared workspace will be archived, unless somebody uses it."
    )
    archived_at: datetime | None = Field(None, description="Since when that is; its files come back when it is opened.")
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
    job: Job | None = Field(None, description="What fills the project, when it comes from elsewhere.")


class NewProject(Input):
    name: Name
    owner: Name | None = None
    description: str = Field("", max_length=2000)
    visibility: VisibilityName = "members"
    template: str | None = Field(None, max_length=100, description="One of `GET /templates`.")
    git_url: str | None = Field(None, max_length=2000, description="Import from here: https or ssh.")
    remix_of: str | None = Field(
        None, max_length=200, pattern="^[^/]+/[^/]+$", description="Copy `<owner>/<name>`, which the caller may read."
    )


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


class JobsQuery(Query):
    project: UUID | None = None
