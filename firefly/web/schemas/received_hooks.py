"""Deliveries of providers' hooks, as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import Output


class ReceivedHook(Output):
    id: UUID
    provider: Literal["github", "gitlab", "bitbucket", "bitbucketdc", "gitea"]
    delivery: str = Field(description="The provider's own id of it.")
    event: str = Field(description="As the provider calls it.")
    summary: str = Field(description="What it told, in a few words; empty where Firefly has no use for it.")
    size: int = Field(description="Bytes of its body.")
    is_kept: bool = Field(description="Whether its body is kept, so that it can be handled once more.")
    state: Literal["received", "handled", "ignored", "failed"]
    reason: str = Field(description="What was done, or why not.")
    attempts: int
    received_at: datetime
    handled_at: datetime | None
