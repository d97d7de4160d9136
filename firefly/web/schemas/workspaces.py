"""Workspaces of a project, as the API shows them: the shared one, and members' own."""

from datetime import datetime

from pydantic import Field

from .base import Output, Query
from .projects import Job
from .sandbox import Rest


class WorkspaceUrls(Output):
    editor: str
    preview: str


class Workspace(Rest):
    member: str | None = Field(description="Whose own it is; null for the one that all members share.")
    open: bool = Field(description="Whether its member may still use it.")
    ready: bool = Field(description="Whether the project's files are in it.")
    state: str = Field(description="Of its sandbox.")
    reason: str
    since: datetime
    freezes_at: datetime | None
    stops_at: datetime | None
    created_at: datetime
    urls: WorkspaceUrls


class OpenedWorkspace(Workspace):
    job: Job | None = Field(None, description="What fills it; null: it is ready.")


class DiscardQuery(Query):
    anyway: bool = Field(False, description="Also when that loses what is nowhere else.")


class WorkspaceQuery(Query):
    workspace: str | None = Field(
        None, max_length=100, description="Your name: your own workspace, not the shared one."
    )
