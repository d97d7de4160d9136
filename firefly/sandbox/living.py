"""The runs that a backend has: those that live, and how the last of those ended that do not."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from firefly.errors import Conflict, Unavailable

from .backend import ExitStatus, Instance

PAST_KEPT = 1024


class Living(Protocol):
    """`finished` is set once the run has ended and its status is known."""

    @property
    def instance(self) -> Instance: ...

    @property
    def finished(self) -> asyncio.Event: ...


Run = TypeVar("Run", bound=Living)


class Runs(Generic[Run]):
    def __init__(self) -> None:
        self._living: dict[str, Run] = {}
        self._past: dict[str, ExitStatus] = {}

    def __iter__(self) -> Iterator[Run]:
        """Those that live now, whatever happens to them meanwhile."""
        return iter(list(self._living.values()))

    def __contains__(self, instance_id: str) -> bool:
        return instance_id in self._living

    def enter(self, run: Run) -> None:
        self._living[run.instance.id] = run

    def find(self, instance_id: str) -> Run | None:
        return self._living.get(instance_id)

    def running(self, instance_id: str) -> Run:
        """Raises Unavailable where it has ended."""
        run = self._living.get(instance_id)
        if run is None:
            raise Unavailable("The sandbox has ended.")
        return run

    def leave(self, instance_id: str) -> Run | None:
        """Know of it no more."""
        return self._living.pop(instance_id, None)

    def end(self, instance_id: str, status: ExitStatus) -> None:
        """It lives no more, and its status is kept."""
        self.leave(instance_id)
        self._past[instance_id] = status
        if len(self._past) > PAST_KEPT:
            del self._past[next(iter(self._past))]

    def clear(self) -> None:
        """Let go of those that live."""
        self._living.clear()

    def status(self, instance_id: str) -> ExitStatus | None:
        return self._past.get(instance_id)

    def instances(self) -> Sequence[Instance]:
        """Oldest first."""
        return sorted((run.instance for run in self._living.values()), key=lambda instance: instance.started_at)

    async def wait(self, instance_id: str) -> ExitStatus:
        """How it ended, once it has. Raises Unavailable where nothing is known of it."""
        run = self._living.get(instance_id)
        if run is not None:
            await run.finished.wait()
        if instance_id not in self._past:
            raise Unavailable("Nothing is known of this sandbox.")
        return self._past[instance_id]

    def check_stopped(self, workspace_id: UUID) -> None:
        """Raises Conflict while a sandbox of the workspace runs."""
        if any(run.instance.workspace_id == workspace_id for run in self._living.values()):
            raise Conflict("Stop the sandbox first.")
