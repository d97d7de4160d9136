"""What was missed: refs of which the queue does not know, and ends of which nobody was told."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from firefly.waiting import happens

from ...bus import MISSED
from ...errors import DatabaseUnavailable, NotFound
from ...git import Repositories
from ...store import Connection
from ..asking.commits import CommitFacts, Commits
from ..asking.heads import ENDED, Heads, RefEnded
from ..asking.pushing import BUILT, MANY, MOST
from ..model import NewBuild, Trigger
from .records import TOPIC, Records, plain

log = structlog.get_logger()

# A few repositories each time, those that were not looked at for the longest time; each costs one git.
SWEEP_EVERY, AT_ONCE = 20.0, 10
PAUSE = timedelta(minutes=2)
# How long a push may be under way, and for how long one that was settled late is looked for first.
RECENT = timedelta(minutes=30)
LOOK_EVERY, MOST_ENDS = 10.0, 50
FORGET_AFTER = timedelta(days=30)
OLDER = "Not built: it was here before the first push. Push to it, or build it by hand."


class Sweeping:
    """`on_ended` is for whoever shows what was built."""

    def __init__(self, *, records: Records, heads: Heads, commits: Commits, repositories: Repositories) -> None:
        self._records = records
        self._queries = records.queries
        self._heads = heads
        self._commits = commits
        self._repositories = repositories
        self._listeners: list[RefEnded] = []

    def on_ended(self, listener: RefEnded) -> None:
        """Before `run`. Told again where it raised."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep_for_ever())
            tasks.create_task(self._tell_for_ever())

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self.sweep()
            except DatabaseUnavailable as error:
                log.warning("refs.not_swept", reason=error.detail)
            # Whatever it is: the next ones are looked at all the same.
            except Exception:
                log.exception("refs.not_swept")
            await asyncio.sleep(SWEEP_EVERY)

    async def sweep(self) -> int:
        """Look at some projects; returns how many builds that asked for."""
        now = self._records.clock.now()
        async with self._records.database.transaction() as connection:
            if not await self._queries.hold_sweep(connection):
                return 0
            rows = self._queries.projects_to_sweep(connection, before=now - PAUSE, recent=now - RECENT, most=AT_ONCE)
            chosen = [plain(row["id"]) async for row in rows]
            await self._queries.note_swept(connection, ids=chosen, now=now)
            await self._queries.forget_heads(connection, before=now - FORGET_AFTER)
        return sum([await self._try(project_id) for project_id in chosen])

    async def _try(self, project_id: UUID) -> int:
        try:
            return await self.sweep_project(project_id)
        except DatabaseUnavailable:
            raise
        # Whatever is the matter with its repository: the others of this round are looked at.
        except Exception as error:
            log.warning("refs.not_swept", project_id=str(project_id), reason=repr(error))
            return 0

    async def sweep_project(self, project_id: UUID) -> int:
        """Ask for builds of the refs that moved without a word; of a project that is new here, all count as known."""
        try:
            refs = await self._repositories.refs(project_id)
        except NotFound:
            return 0
        shown = {ref: name for ref, name in refs.items() if ref.startswith(BUILT)}
        async with self._records.database.connection() as connection:
            known = {row["ref"]: row async for row in self._queries.heads(connection, project_id=project_id)}
            knows_all = await self._queries.knows_all(connection, project_id=project_id)
        moved = [
            ref for ref, name in shown.items()
            if ref not in known or known[ref]["ended_at"] is not None or known[ref]["commit"] != name
        ]  # fmt: skip
        if not knows_all:
            await self._learn(project_id, [(ref, shown[ref]) for ref in moved if ref not in known], empty=not shown)
            moved = [ref for ref in moved if ref in known]
        gone = [ref for ref, row in known.items() if ref.startswith(BUILT) and ref not in shown and not row["ended_at"]]
        return await self._catch_up(project_id, [(ref, shown[ref]) for ref in moved], gone)

    async def _learn(self, project_id: UUID, refs: Sequence[tuple[str, str]], *, empty: bool) -> None:
        """One that has nothing yet is still to be filled."""
        if not empty:
            async with self._records.database.transaction() as connection:
                await self._heads.note_all(project_id, dict(refs), OLDER, connection)
                await self._queries.note_knows_all(connection, project_id=project_id)

    async def _catch_up(self, project_id: UUID, moved: Sequence[tuple[str, str]], gone: Sequence[str]) -> int:
        if not moved and not gone:
            return 0
        facts = await self._commits.find_each(project_id, [name for _, name in moved[:MOST]])
        async with self._records.database.transaction() as connection:
            await self._heads.all_ended(project_id, gone, "It was deleted.", connection)
            await self._heads.note_all(project_id, dict(moved[MOST:]), MANY, connection)
            entered = [
                await self._enter(project_id, ref, name, one, connection)
                for (ref, name), one in zip(moved, facts, strict=False)
            ]
        log.info("refs.caught_up", project_id=str(project_id), moved=len(moved), gone=len(gone))
        return sum(entered)

    async def _enter(
        self, project_id: UUID, ref: str, name: str, facts: CommitFacts | None, connection: Connection
    ) -> bool:
        if facts is None:
            await self._heads.note(project_id, ref, name, "It is no commit.", connection)
            return False
        new = NewBuild(project_id=project_id, ref=ref, commit=facts.commit, trigger=Trigger.SWEEP)
        return (await self._heads.moved(new, connection, facts=facts, name=name)).new

    async def _tell_for_ever(self) -> None:
        async with self._records.bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            wake = asyncio.Event()
            tasks.create_task(self._tell_when(wake))
            async for event in subscription:
                subscription.missed = False
                if event.kind in (ENDED, MISSED):
                    wake.set()

    async def _tell_when(self, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                await self.tell()
            except DatabaseUnavailable as error:
                log.warning("ends.not_told", reason=error.detail)
            # Whatever it is: it is told again.
            except Exception:
                log.exception("ends.not_told")
            await happens(wake, LOOK_EVERY)

    async def tell(self) -> None:
        """Tell listeners of the refs that have ended."""
        async with self._records.database.transaction() as connection:
            rows = [row async for row in self._queries.ended_heads(connection, most=MOST_ENDS)]
            for row in rows:
                project_id = plain(row["project_id"])
                try:
                    for listener in self._listeners:
                        await listener(project_id, row["ref"])
                # One that cannot end now keeps no other from it.
                except Exception:
                    log.exception("end.not_heeded", project_id=str(project_id), ref=row["ref"])
                    continue
                await self._queries.head_told(
                    connection, project_id=project_id, ref=row["ref"], now=self._records.clock.now()
                )
