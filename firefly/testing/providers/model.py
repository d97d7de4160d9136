"""What the twin holds, and the shapes that it takes: the members that the providers publish, and no others."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

ADMIN = "octo"
_numbers = count(1001)


@dataclass
class TwinPull:
    """`state` is `open`, `merged` or `closed`; `source` is the path of a fork."""

    number: int
    title: str
    head_ref: str
    head_commit: str
    base_ref: str = "main"
    author: str = "octo"
    state: str = "open"
    source: str | None = None


@dataclass
class TwinRepository:
    """`folder` is a bare repository, served by git over http; `permissions` are `read`, `write` or `admin` by user."""

    provider: str
    path: str
    folder: Path | None = None
    is_private: bool = True
    default_branch: str = "main"
    number: int = field(default_factory=lambda: next(_numbers))
    permissions: dict[str, str] = field(default_factory=lambda: {ADMIN: "admin"})
    pulls: dict[int, TwinPull] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    """As they were sent, with their `commit`; the newest last."""
    comments: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id: `pull`, `text`, and how often it was `changed`."""
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id: what was asked for, and under `states` what was told of it since."""
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def add_comment(self, pull: int, text: str) -> str:
        return put(self.comments, {"pull": pull, "text": text, "changed": 0})

    def change_comment(self, comment_id: str, text: str) -> None:
        comment = self.comments[comment_id]
        self.comments[comment_id] = comment | {"text": text, "changed": comment["changed"] + 1}


def put(things: dict[str, dict[str, Any]], thing: dict[str, Any], key: str | None = None) -> str:
    """File it under a new id, which is returned."""
    made = key or str(next(_numbers))
    things[made] = thing
    return made


class Shape(BaseModel):
    """A body as a provider publishes it."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CommentShape(Shape):
    body: str = Field(min_length=1)


class KeyShape(Shape):
    title: str
    key: str = Field(pattern=r"^ssh-")
    read_only: bool


class StatusShape(Shape):
    state: Literal["pending", "success", "failure", "error"]
    target_url: str = Field(pattern="^https?://")
    description: str
    context: str


class ShortStatusShape(StatusShape):
    description: str = Field(max_length=140)


class NewRepositoryShape(Shape):
    name: str
    private: bool
    description: str
    auto_init: bool


class NewPullShape(Shape):
    title: str
    body: str
    head: str
    base: str


def paged(request: web.Request, items: list[Any], size: str = "per_page", usual: int = 30) -> list[Any]:
    """The page of a list that was asked for, by number."""
    most, number = int(request.query.get(size, usual)), int(request.query.get("page", 1))
    return items[(number - 1) * most : number * most]
