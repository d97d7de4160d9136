"""What a hook is that Firefly calls, and one call of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from ..queueing.records import plain


class Flavour(StrEnum):
    """What receives it: a program that reads our JSON, or a chat that has a form of its own."""

    GENERIC = "generic"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    DISCORD = "discord"
    TEAMS = "teams"


class Event(StrEnum):
    """`ended` is every end of a build, `succeeded` and `failed` are those that it came to by itself."""

    QUEUED = "queued"
    STARTED = "started"
    ENDED = "ended"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LIVE = "live"
    GONE = "gone"
    PING = "ping"


@dataclass(frozen=True, slots=True)
class Hook:
    """`host` is all that is shown of its address. `reason`: why it is not active, where no member wanted that."""

    id: UUID
    project_id: UUID
    flavour: Flavour
    host: str
    events: Sequence[str]
    active: bool
    reason: str
    by: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        kept = ("host", "events", "active", "reason", "by", "created_at")
        return cls(
            id=plain(row["id"]),
            project_id=plain(row["project_id"]),
            flavour=Flavour(row["flavour"]),
            **{name: row[name] for name in kept},
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """`state` is waiting, delivered or failed; `status` and `answer` are what the receiver last said."""

    id: UUID
    hook_id: UUID
    build_id: UUID | None
    event: str
    body: str
    state: str
    status: int | None
    reason: str
    answer: str
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        return cls(**{name: plain(row[name]) for name in cls.__dataclass_fields__})
