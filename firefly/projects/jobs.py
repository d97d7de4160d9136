"""Long work on a project, step by step: found again after a reload or a restart, cancelled on request."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

import structlog

from ..auth import Identity
from ..bus import JSON, Bus
from ..clock import Clock
from ..errors import Conflict, DatabaseUnavailable, FireflyError, NotFound
from ..store import Connection, Database, load_queries
from .job import Job, JobState, Progressing, Step, to_job

log = structlog.get_logger()

_INTERVAL = 0.25
_RETRY = 1.0
_END_LIMIT = 60.0
# At one time, and of one account: a host that it imports from may take its time.
_AT_ONCE, _EACH = 4, 3
CANCELLED = "It was cancelled."
BROKEN = "Something went wrong in Firefly; its log says what. Try again, or tell an administrator."


@dataclass(frozen=True, slots=True)
class NewJob:
    job: Job
    input: Mapping[str, JSON]


# Does the work, telling its steps; an error that it raises becomes the job's.
Work = Callable[[Progressing], Awaitable[None]]
# Undoes what a failed or cancelled job began.
Undo = Callable[[Job], Awaitable[None]]
# Throws away what an ended job, however it ended, needs no more.
Tidy = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    steps: Sequence[str]
    work: Work
    undo: Undo
    tidy: Tidy | None


class Jobs:
    """Runs jobs, a few at once, and keeps table `jobs` and the topic `events` (kind `job.changed`) up to date."""

    def __init__(self, *, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._queries = load_queries("jobs")
        self._kinds: dict[str, Kind] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._cancelled: set[UUID] = set()
        self._ending: set[UUID] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._own = WeakValueDictionary[UUID, asyncio.Semaphore]()
        self._elsewhere: Callable[[], None] | None = None

    def register(self, kind: str, steps: Sequence[str], work: Work, undo: Undo, *, tidy: Tidy | None = None) -> None:
        """Before `open`: what to do for a kind of job."""
        self._kinds[kind] = Kind(steps, work, undo, tidy)

    async def let_go(self, tell: Callable[[], None]) -> None:
        """Leave all jobs to another process, which begins them again; `tell` it when one is entered here."""
        self._elsewhere = tell
        await self.close()

    async def look(self) -> None:
        """See to it that what another process has entered is begun, here or wherever jobs are begun now."""
        if self._elsewhere is not None:
            self._elsewhere()
        else:
            await self.open()

    async def open(self) -> None:
        """Begin again with what an earlier process did not end; what is under way here goes on."""
        self._elsewhere = None
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.unfinished_jobs(connection)]
        for row in rows:
            if row["kind"] in self._kinds and row["id"] not in self._tasks:
                self._spawn(to_job(row), row["input"])

    async def close(self) -> None:
        """Stop working; what is under way begins again at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def new(self, kind: str, *, project_id: UUID, account_id: UUID, input: Mapping[str, JSON]) -> NewJob:
        """One that is nowhere yet: `insert` writes it down, `begin` runs it."""
        steps = tuple(Step(name, JobState.QUEUED) for name in self._kinds[kind].steps)
        job = Job(uuid4(), project_id, kind, JobState.QUEUED, steps, None, self._clock.now(), None, account_id)
        return NewJob(job, dict(input))

    async def insert(self, new: NewJob, connection: Connection) -> None:
        """In the transaction of `connection`; a server that stops before `begin` runs it at the next start."""
        job = new.job
        await self._queries.insert_job(
            connection,
            id=job.id,
            project_id=job.project_id,
            account_id=job.account_id,
            kind=job.kind,
            input=dict(new.input),
            steps=[step.as_json() for step in job.steps],
            now=job.created_at,
        )

    async def withdraw(self, new: NewJob) -> None:
        """One that was inserted, perhaps, and will not begin."""
        async with self._database.connection() as connection:
            await self._queries.withdraw_job(connection, id=new.job.id)

    def begin(self, new: NewJob) -> Job:
        """Once it is committed."""
        if self._elsewhere is not None:
            self._elsewhere()
        else:
            self._spawn(new.job, new.input)
        return new.job

    async def get(self, identity: Identity, job_id: UUID) -> Job:
        """Raises NotFound for anyone but who started it and the project's members."""
        async with self._database.connection() as connection:
            row = await self._queries.find_job(connection, id=job_id)
            if row is None:
                raise NotFound("There is no such job.")
            account_id = identity.account.id
            if row["account_id"] != account_id and not await self._queries.is_member(
                connection, project_id=row["project_id"], account_id=account_id
            ):
                raise NotFound("There is no such job.")
        return to_job(row)

    async def input(self, job_id: UUID) -> Mapping[str, Any]:
        """What a job was given, for one that does its work again. Raises NotFound."""
        async with self._database.connection() as connection:
            row = await self._queries.find_job(connection, id=job_id)
        if row is None:
            raise NotFound("There is no such job.")
        given: Mapping[str, Any] = row["input"]
        return given

    async def list(self, identity: Identity, *, project_id: UUID | None = None) -> Sequence[Job]:
        """The caller's newest jobs first, or those of a project that the caller is a member of; at most 50."""
        account_id = identity.account.id
        async with self._database.connection() as connection:
            if project_id is not None and not await self._queries.is_member(
                connection, project_id=project_id, account_id=account_id
            ):
                return ()
            rows = self._queries.list_jobs(connection, account_id=account_id, project_id=project_id)
            return tuple([to_job(row) async for row in rows])

    async def cancel(self, identity: Identity, job_id: UUID) -> Job:
        """Only whoever started it may. Raises Conflict when it has ended already."""
        job = await self.get(identity, job_id)
        if job.account_id != identity.account.id:
            raise NotFound("There is no such job of yours.")
        task = self._tasks.get(job_id)
        if job.state.ended or task is None:
            raise Conflict("The job has ended already.")
        # One that is at its end already is let alone, so that the end gets written.
        if job_id not in self._ending:
            self._cancelled.add(job_id)
            task.cancel()
        await asyncio.wait([task], timeout=_END_LIMIT)
        return await self.get(identity, job_id)

    def _spawn(self, job: Job, input: Mapping[str, Any]) -> None:
        task = asyncio.create_task(self._run(job, input), name=f"job {job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._forget(job.id))

    def _forget(self, job_id: UUID) -> None:
        self._tasks.pop(job_id, None)
        self._cancelled.discard(job_id)
        self._ending.discard(job_id)

    async def _run(self, job: Job, input: Mapping[str, Any]) -> None:
        progress = Progressing(job, input, self._clock)
        state, error = await self._outcome(progress)
        self._ending.add(job.id)
        progress.end(state, error)
        while True:
            if await self._ended(progress):
                return
            await asyncio.sleep(_RETRY)

    async def _outcome(self, progress: Progressing) -> tuple[JobState, str | None]:
        job = progress.job
        own = self._own.setdefault(job.account_id, asyncio.Semaphore(_EACH))
        try:
            async with own, self._slots:
                await self._work(progress, self._kinds[job.kind].work)
        except asyncio.CancelledError:
            if job.id not in self._cancelled:
                raise
            return JobState.CANCELLED, CANCELLED
        except FireflyError as error:
            return JobState.FAILED, error.detail
        except Exception:
            log.exception("job.broken", job_id=str(job.id), kind=job.kind)
            return JobState.FAILED, BROKEN
        return JobState.SUCCEEDED, None

    async def _ended(self, progress: Progressing) -> bool:
        """Undo what has failed, write the end down, tidy up; False while the database is away."""
        kind, job = self._kinds[progress.job.kind], progress.job
        try:
            if job.state is not JobState.SUCCEEDED:
                await kind.undo(job)
        except DatabaseUnavailable:
            return False
        except Exception:
            log.exception("job.left", job_id=str(job.id))
        try:
            await self._write(progress)
        except DatabaseUnavailable:
            return False
        if kind.tidy is not None:
            await kind.tidy(progress.input)
        return True

    async def _work(self, progress: Progressing, work: Work) -> None:
        progress.begin()
        # Before anything is done: who begins again has to know that it was begun.
        await self._write(progress)
        writing = asyncio.create_task(self._keep_writing(progress))
        try:
            await work(progress)
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    async def _keep_writing(self, progress: Progressing) -> None:
        while True:
            await progress.changed.wait()
            progress.changed.clear()
            try:
                await self._write(progress)
            except FireflyError as error:
                log.warning("job.unwritten", job_id=str(progress.job.id), reason=error.detail)
            await asyncio.sleep(_INTERVAL)

    async def _write(self, progress: Progressing) -> None:
        job = progress.job
        steps: list[JSON] = [step.as_json() for step in job.steps]
        data: dict[str, JSON] = {
            "job_id": str(job.id),
            "project_id": str(job.project_id),
            "account_id": str(job.account_id),
            "kind": job.kind,
            "state": job.state.value,
            "steps": steps,
            "error": job.error,
        }
        async with self._database.transaction() as connection:
            await self._queries.update_job(
                connection, id=job.id, state=job.state, steps=steps, error=job.error, finished_at=job.finished_at
            )
            await self._bus.publish("events", "job.changed", data, connection=connection)
