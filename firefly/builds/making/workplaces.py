"""Where something is built: a workspace of the keeper that belongs to nobody, for one build."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError, HoldLost, TooManySandboxes, Unavailable
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.tasks import Tasks
from firefly.sandbox.terms import NOTHING, Wishes
from firefly.store import Database, load_queries

from ..analysis import Plan
from ..clearing.part import Cleared
from ..model import Build
from ..seams import StepLog
from .patience import patiently
from .workplace import Workplace

log = structlog.get_logger()

KEPT = timedelta(hours=1)
FILES_KEPT = "Its build failed. Its files are kept for an hour."
# By when whoever took one has said what for, or has ended.
LOST = timedelta(hours=2)
# Seconds between tries where no more sandboxes may run.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


def wishes(plan: Plan) -> Wishes:
    """What its configuration asks for."""
    asked = plan.configuration.resources
    if asked is None:
        return NOTHING
    return Wishes(memory=asked.memory, cpu=asked.cpu, pids=asked.pids, disk=asked.disk)


def _merged(first: Wishes, second: Wishes) -> Wishes:
    """What the first asks for, else the second."""
    pairs = ((name, getattr(first, name), getattr(second, name)) for name in Wishes.__slots__)
    return Wishes(**{name: one if one is not None else other for name, one, other in pairs})


def _bounded(wishes: Wishes, most: Wishes) -> Wishes:
    pairs = ((name, getattr(wishes, name), getattr(most, name)) for name in Wishes.__slots__)
    return Wishes(**{name: wanted and min(wanted, bound) for name, wanted, bound in pairs})


class Workplaces:
    """`close` ends what is being cleared away, which a later `clear` goes on with."""

    name, every = "sandboxes", timedelta(minutes=1)

    def __init__(self, *, keeper: Keeper, database: Database, clock: Clock, usual: Wishes = NOTHING) -> None:
        """`usual`: what the sandbox of a build has where its configuration asks for nothing."""
        self._keeper = keeper
        self._database = database
        self._clock = clock
        self._usual = usual
        self._tasks = Tasks()
        self._queries: Any = load_queries("making")

    async def claim(self, build: Build, wanted: Wishes, step: StepLog, *, ahead: bool = True) -> Workplace:
        """An empty one that runs: from those that are started `ahead`, where there is one and it may do as it is.

        Waits where no more may run at the time. Raises SandboxFailed, HoldLost.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._claim(build, _merged(wanted, self._usual), ahead=ahead)
            except (TooManySandboxes, Unavailable) as error:
                await step.say(f"It waits for a sandbox: {error.detail}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _claim(self, build: Build, wishes: Wishes, *, ahead: bool) -> Workplace:
        prepared = await self._keeper.claim_prepared() if ahead and wishes == NOTHING else None
        workspace_id = prepared.workspace_id if prepared else await self._keeper.create_workspace()
        try:
            await patiently(lambda: self._enter(workspace_id, build))
            if prepared is None:
                await self._start(workspace_id, wishes)
            return Workplace.of(workspace_id, self._keeper)
        except BaseException:
            self._clear(workspace_id)
            raise

    async def _enter(self, workspace_id: UUID, build: Build) -> None:
        async with self._database.connection() as connection:
            entered = await self._queries.add_workplace(
                connection, workspace_id=workspace_id, **asdict(build.hold), now=self._clock.now()
            )
        if not entered:
            raise HoldLost("Another builds it by now.")

    async def _start(self, workspace_id: UUID, wishes: Wishes) -> None:
        if wishes != NOTHING:
            most = (await self._keeper.asked(workspace_id)).most
            await self._keeper.ask(workspace_id, _bounded(wishes, most))
        await self._keeper.ensure(workspace_id)

    def remove(self, workplace: Workplace) -> None:
        """In the background: nobody waits for it."""
        self._clear(workplace.id)

    async def end(self, workplace: Workplace) -> None:
        """Remove it; nothing of it runs any more when this returns, cancelled or not."""
        await self._tasks.finish(self._keeper.remove(workplace.id), f"workplace-end-{workplace.id}")

    async def keep(self, workplace: Workplace) -> None:
        """End what runs there, and keep its files for an hour, so that somebody may look around.

        Where files end with their run it runs on, and of a project only the newest: what runs takes up memory.
        """
        if self._keeper.keeps_files:
            await patiently(lambda: self._note_kept(workplace.id))
            self._tasks.start(self._keeper.stop(workplace.id, FILES_KEPT), "stop")
        elif await self._keeper.end_of(workplace.run_id) is None:
            await self._keeper.ask(workplace.id, Wishes(stop=KEPT.total_seconds()))
            for earlier in await patiently(lambda: self._note_kept(workplace.id)):
                self._clear(earlier)
        else:
            self._clear(workplace.id)

    async def _note_kept(self, workspace_id: UUID) -> Sequence[UUID]:
        """Those of the project that are kept already."""
        until = self._clock.now() + KEPT
        async with self._database.connection() as connection:
            await self._queries.keep_workplace(connection, workspace_id=workspace_id, kept_until=until)
            rows = self._queries.kept_beside(connection, workspace_id=workspace_id)
            return [UUID(str(row["workspace_id"])) async for row in rows]

    async def clear(self, *, dry: bool) -> Cleared:
        """Remove those of builds that are over, that somebody else took up, or that belong to nothing; as a `Part`."""
        async with self._database.connection() as connection:
            now = self._clock.now()
            rows = self._queries.forgotten_workplaces(connection, node=self._keeper.node, now=now, lost=now - LOST)
            found = [UUID(str(row["workspace_id"])) async for row in rows]
        for workspace_id in () if dry else found:
            await self._remove(workspace_id)
        return Cleared(len(found))

    async def settled(self) -> None:
        """Wait until what is being cleared away is."""
        await self._tasks.settled("")

    async def close(self) -> None:
        await self._tasks.close()

    def _clear(self, workspace_id: UUID) -> None:
        self._tasks.start(self._remove(workspace_id), f"workplace-{workspace_id}")

    async def _remove(self, workspace_id: UUID) -> None:
        try:
            await self._keeper.remove(workspace_id)
        except FireflyError as error:
            log.warning("workplace.left", workspace_id=str(workspace_id), reason=error.detail)
