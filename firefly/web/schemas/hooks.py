"""Hooks that Firefly calls, as the API shows them."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from .base import Input, Output, Query

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
FlavourName = Literal["generic", "slack", "mattermost", "discord", "teams"]
EventName = Literal["queued", "started", "ended", "succeeded", "failed", "live", "gone"]


class Hook(Output):
    id: UUID
    flavour: FlavourName
    host: str = Field(description="Of its address, which is a credential often enough and is not shown again.")
    events: list[str]
    active: bool
    reason: str = Field(description="Why Firefly has switched it off, or empty.")
    by: str
    created_at: datetime


class CreatedHook(Hook):
    secret: str = Field(description="The key that signs its calls; not shown again.")


class NewHook(Input):
    url: str = Field(max_length=2000, description="https, and no private address unless an administrator allows it.")
    flavour: FlavourName = "generic"
    events: list[EventName] = Field(
        ["ended"], min_length=1, max_length=7,
        description="`ended` is every end; `succeeded` and `failed` are those that a build comes to by itself.",
    )  # fmt: skip
    secret: str | None = Field(None, min_length=16, max_length=200, description="Made where none is given.")


class HookChange(Input):
    active: bool


class HookDelivery(Output):
    id: UUID
    build_id: UUID | None
    event: str
    state: Literal["waiting", "delivered", "failed"]
    status: int | None = Field(description="Of the last answer; null: nobody answered.")
    reason: str
    answer: str = Field(description="How the last answer begins.")
    attempts: int
    created_at: datetime
    due_at: datetime = Field(description="When it is tried next, while it waits.")
    ended_at: datetime | None
    body: str


class DeliveriesQuery(Query):
    before: AwareDatetime | None = Field(
        None, ge=EARLIEST, le=LATEST, description="`created_at` of the last one of the page before."
    )
