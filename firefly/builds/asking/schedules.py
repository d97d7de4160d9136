"""What is built at fixed times, as firefly.yml of the default branch says: `schedule: {nightly: "0 3 * * *"}`."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from cronsim import CronSim, CronSimError

from ...errors import DatabaseUnavailable
from ...store import Connection
from ..model import NewBuild, Trigger
from ..queueing.queue import Queue
from ..queueing.records import Records
from .commits import CommitFacts, Commits

log = structlog.get_logger()

LOOK_EVERY = 20.0
MOST, MOST_AT_ONCE = 10, 20
_LONGEST_NAME, _LONGEST = 40, 200
REFUSED = f"never comes: it needs minute, hour, day, month and weekday, as in 0 3 * * *, and at most {MOST} count."


class Schedules:
    """Times are in UTC. Runs that were missed are made up for by one."""

    def __init__(self, *, records: Records, queue: Queue, commits: Commits) -> None:
        self._records = records
        self._queries = records.queries
        self._queue = queue
        self._commits = commits

    async def set(self, project_id: UUID, plan: Mapping[str, str], connection: Connection) -> Sequence[str]:
        """Those that are there now, by name; returns sentences about those that are not taken."""
        now = self._records.clock.now()
        found = {name: following(text, now) for name, text in list(plan.items())[:MOST] if len(name) <= _LONGEST_NAME}
        times = {name: at for name, at in found.items() if at is not None}
        await self._queries.drop_schedules(connection, project_id=project_id, names=list(times))
        for name, at in times.items():
            await self._queries.put_schedule(
                connection, project_id=project_id, name=name, expression=plan[name], next_at=at
            )
        return [f"`schedule: {name[:_LONGEST_NAME]}:` of firefly.yml {REFUSED}" for name in plan if name not in times]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                log.warning("schedules.not_looked_at", reason=error.detail)
            # Whatever it is: other projects' times come all the same.
            except Exception:
                log.exception("schedules.not_looked_at")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> int:
        """Ask for what is due; returns how many that were."""
        now = self._records.clock.now()
        async with self._records.database.transaction() as connection:
            rows = [row async for row in self._queries.due_schedules(connection, now=now, most=MOST_AT_ONCE)]
            for row in rows:
                await self._queries.schedule_ran(
                    connection, project_id=row["project_id"], name=row["name"], now=now,
                    next_at=following(row["expression"], now) or datetime.max.replace(tzinfo=now.tzinfo),
                )  # fmt: skip
                ref = f"refs/heads/{row['default_branch']}"
                facts = await self._commits.find(row["project_id"], ref)
                if facts is not None:
                    await self._enter(row["project_id"], row["name"], ref, facts, connection)
        return len(rows)

    async def _enter(self, project_id: UUID, name: str, ref: str, facts: CommitFacts, connection: Connection) -> None:
        new = NewBuild(
            project_id=project_id, ref=ref, commit=facts.commit, trigger=Trigger.SCHEDULE, actor=f"schedule {name}",
            forced=True,
        )  # fmt: skip
        await self._queue.enter(new, connection, facts=facts)


def following(expression: str, after: datetime) -> datetime | None:
    """The next time of five fields, minute, hour, day, month and weekday; None for what is no time, or never."""
    if len(expression) > _LONGEST or len(expression.split()) != 5:
        return None
    try:
        return next(CronSim(expression, after))
    except (CronSimError, StopIteration):
        return None
