"""Long work on a project, step by step: found again after a reload or a restart, cancelled on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ..auth import Identity


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Step:
    """`detail` is the newest line of progress; `percent` is 0-100 where git tells it."""

    name: str
    state: JobState
    started: datetime | None = None
    finished: datetime | None = None
    detail: str = ""
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """`error` is a sentence for the user, set when failed. `kind` is `import` or `archive`."""

    id: UUID
    project_id: UUID
    kind: str
    state: JobState
    steps: Sequence[Step]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class Jobs:
    async def get(self, identity: "Identity", job_id: UUID) -> Job:
        """Raises NotFound for anyone but who started it and the project's members."""
        raise NotImplementedError

    async def list(self, identity: "Identity", *, project_id: UUID | None = None) -> Sequence[Job]:
        """The caller's newest jobs first, at most 50."""
        raise NotImplementedError

    async def cancel(self, identity: "Identity", job_id: UUID) -> Job:
        """Raises Conflict when it has ended already."""
        raise NotImplementedError
