"""Checkpoints, as the API shows them."""

from datetime import datetime

from pydantic import Field

from .base import Input, Output


class Checkpoint(Output):
    """`files` differ from the checkpoint before; `paths` are the first of them."""

    id: str
    at: datetime
    branch: str
    files: int
    paths: list[str]


class RestoreCheckpoint(Input):
    """Without `paths` everything is as it was then, and what has come since is gone; files that git ignores stay."""

    paths: list[str] | None = Field(default=None, min_length=1, max_length=1000)


class RestoredFiles(Output):
    """How many files were changed, brought back or removed."""

    files: int
