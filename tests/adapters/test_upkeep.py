"""What happens by itself goes on happening, whatever went wrong the last time, until it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from firefly.adapters import upkeep
from firefly.errors import DatabaseUnavailable, TimedOut
from firefly.git import GitFailed
from tests.support.waiting import eventually

PROJECT = uuid4()


class Scripted:
    """Stands for Projects and Pushes: gives, or raises, one thing after the other, then nothing for ever."""

    def __init__(self, nothing: object, *outcomes: object) -> None:
        self.nothing = nothing
        self.outcomes = list(outcomes)
        self.calls = 0

    async def expire(self) -> Any:
        return self._next()

    async def reconcile(self) -> Any:
        return self._next()

    def _next(self) -> object:
        self.calls += 1
        outcome = self.outcomes.pop(0) if self.outcomes else self.nothing
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Database:
    """Tells its listeners what the test says."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[bool], None]] = []

    def on_change(self, listener: Callable[[bool], None]) -> None:
        self.listeners.append(listener)

    def becomes(self, available: bool) -> None:
        for listener in self.listeners:
            listener(available)


@asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[asyncio.Task[None]]:
    """`work` beside the block; it must still be at it when the block ends, and let go at once when it is cancelled."""
    task = asyncio.create_task(work)
    try:
        yield task
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=30)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("error", "level", "reason"),
    [
        (DatabaseUnavailable("The database is away."), "warning", "The database is away."),
        (TimedOut("git took too long."), "warning", "git took too long."),
        (OSError("the folder is busy"), "error", None),
        (KeyError("a mistake of ours"), "error", None),
    ],
)
async def test_projects_are_expired_again_after_a_failure(
    error: Exception, level: str, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "INTERVAL", 0)
    projects = Scripted(0, error, 3)
    with capture_logs() as logged:
        async with running(upkeep.expire_for_ever(cast(Any, projects))):
            await eventually(lambda: projects.calls >= 3)
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("projects.not_expired", level),
        ("projects.expired", "info"),
    ]
    assert logged[0].get("reason") == reason
    assert logged[1]["count"] == 3


async def test_between_two_rounds_it_waits_and_lets_itself_be_cancelled() -> None:
    projects = Scripted(0)
    async with running(upkeep.expire_for_ever(cast(Any, projects))):
        await eventually(lambda: projects.calls)
    assert projects.calls == 1


async def test_pushes_are_looked_at_when_the_database_comes_back_and_not_when_it_goes() -> None:
    database, pushes = Database(), Scripted((), [SimpleNamespace(project_id=PROJECT)])
    with capture_logs() as logged:
        async with running(upkeep.reconcile_pushes(cast(Any, database), cast(Any, pushes))):
            await eventually(lambda: database.listeners)
            database.becomes(False)
            for _ in range(5):
                await asyncio.sleep(0)
            assert pushes.calls == 0
            database.becomes(True)
            await eventually(lambda: logged)
    assert pushes.calls == 1
    assert [(line["event"], line["project_id"]) for line in logged] == [("push.reconciled", str(PROJECT))]


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("It went away again."), GitFailed(128, "fatal: broken"), OSError("disk")]
)
async def test_a_failure_waits_for_the_next_return_of_the_database(error: Exception) -> None:
    database, pushes = Database(), Scripted((), error, [SimpleNamespace(project_id=PROJECT)])
    with capture_logs() as logged:
        async with running(upkeep.reconcile_pushes(cast(Any, database), cast(Any, pushes))):
            await eventually(lambda: database.listeners)
            database.becomes(True)
            await eventually(lambda: pushes.calls == 1)
            database.becomes(True)
            await eventually(lambda: pushes.calls == 2)
    assert [line["event"] for line in logged] == ["pushes.not_reconciled", "push.reconciled"]


async def test_a_return_during_the_work_is_not_lost() -> None:
    database, pushes = Database(), Scripted(())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> tuple[object, ...]:
        pushes.calls += 1
        begun.set()
        await go_on.wait()
        return ()

    pushes.reconcile = slowly  # type: ignore[method-assign]
    async with running(upkeep.reconcile_pushes(cast(Any, database), cast(Any, pushes))):
        await eventually(lambda: database.listeners)
        database.becomes(True)
        await begun.wait()
        database.becomes(True)
        go_on.set()
        await eventually(lambda: pushes.calls == 2)
    assert pushes.calls == 2
