"""What several calls of the API answer, as the client's values. Members that a newer server adds are ignored."""

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


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


class Account(Value):
    id: UUID
    name: str
    display_name: str
    is_administrator: bool = False


class Me(Value):
    account: Account
    via: str
    scopes: list[str]
