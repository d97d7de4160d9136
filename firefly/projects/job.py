"""A job and its steps, and the hand that moves them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ..bus import JSON
from ..clock import Clock


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

    def as_json(self) -> dict[str, JSON]:
        return {
            "name": self.name,
            "state": self.state.value,
            "started": self.started.isoformat() if self.started else None,
            "finished": self.finished.isoformat() if self.finished else None,
            "detail": self.detail,
            "percent": self.percent,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Step":
        times = {name: datetime.fromisoformat(data[name]) if data[name] else None for name in ("started", "finished")}
        return cls(data["name"], JobState(data["state"]), **times, detail=data["detail"], percent=data["percent"])


@dataclass(frozen=True, slots=True)
class Job:
    """`error` is a sentence for the user, set when failed or cancelled. `kind` is `import` or `archive`."""

    id: UUID
    project_id: UUID
    kind: str
    state: JobState
    steps: Sequence[Step]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    account_id: UUID


def to_job(row: Mapping[str, Any]) -> Job:
    return Job(
        id=UUID(str(row["id"])),
        project_id=UUID(str(row["project_id"])),
        kind=row["kind"],
        state=JobState(row["state"]),
        steps=tuple(Step.from_json(step) for step in row["steps"]),
        error=row["error"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        account_id=UUID(str(row["account_id"])),
    )


class Progressing:
    """A job under way. Steps go in their order; beginning one ends those before it.

    `again`: an earlier process began it and did not get to its end.
    """

    def __init__(self, job: Job, input: Mapping[str, Any], clock: Clock) -> None:
        self.job = job
        self.input = input
        self.again = job.state is JobState.RUNNING
        self.changed = asyncio.Event()
        self._clock = clock

    def begin(self) -> None:
        steps = tuple(Step(step.name, JobState.QUEUED) for step in self.job.steps)
        self._set(replace(self.job, state=JobState.RUNNING, steps=steps))

    def step(self, name: str, detail: str = "", percent: int | None = None) -> None:
        """Be at the step `name`, or tell how far it is."""
        now = self._clock.now()
        index = next(place for place, step in enumerate(self.job.steps) if step.name == name)
        steps = list(self.job.steps)
        for place in range(index):
            if not steps[place].state.ended:
                steps[place] = replace(steps[place], state=JobState.SUCCEEDED, finished=now, percent=None)
        started = steps[index].started or now
        steps[index] = Step(name, JobState.RUNNING, started, None, detail[:200], percent)
        self._set(replace(self.job, steps=tuple(steps)))

    def end(self, state: JobState, error: str | None) -> None:
        """Success ends all steps; otherwise the one under way takes the state, and those after it never ran."""
        now = self._clock.now()
        steps = [
            step
            if step.state.ended or (state is not JobState.SUCCEEDED and step.state is JobState.QUEUED)
            else replace(step, state=state, finished=now, started=step.started or now)
            for step in self.job.steps
        ]
        self._set(replace(self.job, state=state, steps=tuple(steps), error=error, finished_at=now))

    def _set(self, job: Job) -> None:
        self.job = job
        self.changed.set()
