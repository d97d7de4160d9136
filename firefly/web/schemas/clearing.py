"""What nobody needs any more and is cleared away, as the API shows it."""

from datetime import datetime

from pydantic import Field

from .base import Input, Output


class Clearing(Output):
    part: str = Field(description="What is cleared away: caches, artifacts, bytes, logs, sandboxes, images.")
    every: float = Field(description="Seconds between two times that a server does it by itself.")
    swept_at: datetime | None = Field(description="When it was last done, by any server. Null: never yet.")
    removed_at: datetime | None = Field(description="When something was last removed.")
    removed: int = Field(description="How much was ever removed, over all servers.")
    bytes: int = Field(description="That this gave back, as far as it is known.")
    failure: str = Field(description="Why it went wrong the last time; empty: it did not.")


class ClearRequest(Input):
    dry_run: bool = Field(False, description="Remove nothing, and say what would be removed.")


class Cleared(Output):
    part: str
    count: int
    bytes: int = Field(description="That this gives back, as far as it is known.")
