"""Checkpoints, as the API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from .base import Input, Output, Paging, Query

Against = Literal["before", "now"]
AGAINST = "`before`: what it changed. `now`: what has changed since."


class Checkpoint(Output):
    """`files` differ from the checkpoint before, by so many lines; `paths` are the first of them."""

    id: str
    at: datetime
    branch: str
    files: int
    paths: list[str]
    added: int
    removed: int


class ChangesQuery(Paging):
    against: Against = Field("before", description=AGAINST)


class PatchQuery(Query):
    against: Against = Field("before", description=AGAINST)
    path: str | None = Field(None, max_length=4096, description="Of this file or folder only.")


class FileChange(Output):
    """In lines; null where the file is no text, or over 1 MiB."""

    path: str
    change: Literal["added", "deleted", "modified"]
    added: int | None
    removed: int | None


class CheckpointChanges(Output):
    """From `base` to `target`, whose files can be read by these ids. `files` differ in all."""

    base: str
    target: str
    files: int
    items: list[FileChange]
    next: str | None


class RefusedFile(Output):
    """Kept nowhere outside of the sandbox; `size` in bytes."""

    path: str
    size: int
    reason: str
    remedy: str


class CheckpointsStatus(Output):
    """`kept`: every edit but those of the `refused` files is. `error` says why not, when the last try failed."""

    kept: bool
    kept_at: datetime | None
    error: str
    refused: list[RefusedFile]


class RestoreCheckpoint(Input):
    """Without `paths` everything is as it was then, and what has come since is gone; files that git ignores stay."""

    paths: list[str] | None = Field(default=None, min_length=1, max_length=1000)


class RestoredFiles(Output):
    """How many files were changed, brought back or removed. `undo`: the checkpoint of what was there until then."""

    files: int
    undo: str | None
