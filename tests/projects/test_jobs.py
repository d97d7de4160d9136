"""Jobs: whatever happens at their end, the end is written, once."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict, DatabaseUnavailable, InvalidInput
from firefly.projects import Job, Jobs, JobState
from firefly.projects.job import Progressing
from tests.support.waiting import eventually

from .house import House

PROJECT = UUID(int=1)


class Kind:
    """A kind of job whose work, undoing and tidying can be held up."""

    def __init__(self) -> None:
        self.working, self.undoing = asyncio.Event(), asyncio.Event()
        self.go_on, self.undo_on = asyncio.Event(), asyncio.Event()
        self.fails: Exception | None = None
        self.undo_fails: list[Exception] = []
        self.log: list[str] = []
        self.again: list[bool] = []

    async def work(self, progress: Progressing) -> None:
        self.again.append(progress.again)
        progress.step("one", "half way", 50)
        self.working.set()
        await self.go_on.wait()
        if self.fails is not None:
            raise self.fails
        progress.step("two")

    async def undo(self, job: Job) -> None:
        self.log.append(f"undo {job.state}")
        self.undoing.set()
        await self.undo_on.wait()
        if self.undo_fails:
            raise self.undo_fails.pop(0)

    async def tidy(self, input: Mapping[str, Any]) -> None:
        self.log.append(f"tidy {input['what']}")


@pytest.fixture
def kind() -> Kind:
    return Kind()


def jobs_of(house: House, kind: Kind) -> Jobs:
    jobs = Jobs(database=house.database, bus=house.bus, clock=house.clock)
    jobs.register("test", ("one", "two"), kind.work, kind.undo, tidy=kind.tidy)
    return jobs


async def begun(house: House, jobs: Jobs, who: Identity) -> Job:
    new = jobs.new("test", project_id=PROJECT, account_id=who.account.id, input={"what": "archive"})
    async with house.database.transaction() as connection:
        await jobs.insert(new, connection)
    return jobs.begin(new)


async def ended(jobs: Jobs, who: Identity, job: Job) -> Job:
    async def end() -> Job | None:
        found = await jobs.get(who, job.id)
        return found if found.state.ended else None

    found = await eventually(end)
    assert found is not None
    return found


async def test_success_is_written_then_tidied(house: House, ada: Identity, kind: Kind) -> None:
    jobs = jobs_of(house, kind)
    kind.go_on.set()
    found = await ended(jobs, ada, await begun(house, jobs, ada))

    assert [(step.name, step.state) for step in found.steps] == [("one", found.state), ("two", found.state)]
    assert found.state is JobState.SUCCEEDED
    await eventually(lambda: kind.log == ["tidy archive"])
    with pytest.raises(Conflict):
        await jobs.cancel(ada, found.id)
    await jobs.close()


async def test_one_account_whose_jobs_take_long_keeps_nobody_elses_waiting(
    house: House, ada: Identity, bob: Identity, kind: Kind
) -> None:
    jobs = jobs_of(house, kind)
    many = [await begun(house, jobs, ada) for _ in range(5)]
    await eventually(lambda: len(kind.again) == 3)
    other = await begun(house, jobs, bob)
    await eventually(lambda: len(kind.again) == 4)
    kind.go_on.set()
    for who, job in [(bob, other), *((ada, one) for one in many)]:
        assert (await ended(jobs, who, job)).state is JobState.SUCCEEDED
    await jobs.close()


async def test_a_failure_is_undone_before_it_is_told(house: House, ada: Identity, kind: Kind) -> None:
    jobs = jobs_of(house, kind)
    kind.fails = InvalidInput("That is no archive.")
    kind.go_on.set()
    job = await begun(house, jobs, ada)
    await kind.undoing.wait()
    assert (await jobs.get(ada, job.id)).state is JobState.RUNNING
    kind.undo_on.set()
    found = await ended(jobs, ada, job)

    assert (found.state, found.error) == (JobState.FAILED, "That is no archive.")
    await jobs.close()


async def test_cancelling_at_the_very_end_lets_the_end_be_written(
    house: House, ada: Identity, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = jobs_of(house, kind)
    kind.fails = InvalidInput("That is no archive.")
    kind.go_on.set()
    job = await begun(house, jobs, ada)
    await kind.undoing.wait()
    get = jobs.get

    async def then_go_on(identity: Identity, job_id: UUID) -> Job:
        found = await get(identity, job_id)
        asyncio.get_running_loop().call_soon(kind.undo_on.set)
        return found

    monkeypatch.setattr(jobs, "get", then_go_on)
    found = await jobs.cancel(ada, job.id)

    assert (found.state, found.error) == (JobState.FAILED, "That is no archive.")
    assert kind.log[0] == "undo failed"
    await jobs.close()


async def test_a_database_that_is_away_at_the_end_is_waited_for(
    house: House, ada: Identity, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the job would seem to run for ever, and nobody could end it."""
    monkeypatch.setattr("firefly.projects.jobs._RETRY", 0.01)
    jobs = jobs_of(house, kind)
    kind.fails = DatabaseUnavailable("The database does not answer.")
    kind.undo_fails = [DatabaseUnavailable("The database does not answer.")] * 2
    kind.go_on.set()
    kind.undo_on.set()
    found = await ended(jobs, ada, await begun(house, jobs, ada))

    assert found.state is JobState.FAILED
    assert kind.log[:3] == ["undo failed"] * 3
    await jobs.close()


async def test_an_undoing_that_breaks_does_not_keep_the_job_running(house: House, ada: Identity, kind: Kind) -> None:
    jobs = jobs_of(house, kind)
    kind.fails, kind.undo_fails = OSError("odd"), [OSError("odder")]
    kind.go_on.set()
    kind.undo_on.set()
    found = await ended(jobs, ada, await begun(house, jobs, ada))

    assert found.state is JobState.FAILED
    assert "Something went wrong" in (found.error or "")
    await jobs.close()


async def test_what_a_stopped_server_had_begun_begins_again_and_knows_it(
    house: House, ada: Identity, kind: Kind
) -> None:
    jobs = jobs_of(house, kind)
    job = await begun(house, jobs, ada)
    await kind.working.wait()
    await jobs.close()
    assert (await jobs.get(ada, job.id)).state is JobState.RUNNING
    kind.go_on.set()
    later = jobs_of(house, kind)
    await later.open()

    assert (await ended(later, ada, job)).state is JobState.SUCCEEDED
    assert kind.again == [False, True]
    assert "undo cancelled" not in kind.log
    await later.close()


async def test_what_is_entered_after_letting_go_begins_elsewhere_and_once(
    house: House, ada: Identity, kind: Kind
) -> None:
    """Two servers for a moment: the one that has let go enters a job, the other is told and begins it."""
    before, later = jobs_of(house, kind), jobs_of(house, kind)
    told = asyncio.Event()
    await before.let_go(told.set)
    job = await begun(house, before, ada)
    assert told.is_set()
    assert not kind.working.is_set()
    await asyncio.gather(later.look(), later.look())
    await kind.working.wait()
    await later.look()
    kind.go_on.set()
    assert (await ended(later, ada, job)).state is JobState.SUCCEEDED
    assert kind.again == [False]
    await later.close()
    await before.open()
    again = await begun(house, before, ada)
    assert (await ended(before, ada, again)).state is JobState.SUCCEEDED
    await before.close()


async def test_one_that_is_withdrawn_never_begins(house: House, ada: Identity, kind: Kind) -> None:
    jobs = jobs_of(house, kind)
    new = jobs.new("test", project_id=uuid4(), account_id=ada.account.id, input={"what": "archive"})
    async with house.database.transaction() as connection:
        await jobs.insert(new, connection)
    await jobs.withdraw(new)
    await jobs.open()
    await jobs.close()

    assert await jobs.list(ada) == ()
    assert kind.again == []


async def test_old_ones_are_forgotten(house: House, ada: Identity, kind: Kind) -> None:
    jobs = jobs_of(house, kind)
    kind.go_on.set()
    await ended(jobs, ada, await begun(house, jobs, ada))
    await jobs.close()
    await house.projects.expire()
    assert len(await jobs.list(ada)) == 1
    house.clock.advance(31 * 86400.0)
    await house.projects.expire()

    assert await jobs.list(ada) == ()
