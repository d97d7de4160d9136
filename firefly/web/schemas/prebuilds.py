"""Prebuilds, as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import Output


class Prebuild(Output):
    id: UUID
    origin: str = Field(description="The commit.")
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    reason: str
    log: str = Field(description="What installing printed last, at most 64 KiB.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
