"""The queue: builds enter it, are superseded in it and taken out of it, each within a transaction of the caller's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from ...errors import Conflict, NotFound
from ...store import Connection
from ..asking.commits import CommitFacts
from ..model import Build, BuildState, NewBuild, Trigger, Trust
from .records import Records, plain

# What moves a ref, so that what was asked for before is of no more use.
MOVING = frozenset({Trigger.PUSH, Trigger.WEBHOOK, Trigger.PULL_REQUEST, Trigger.SWEEP})
# Among the builds of one owner those come first for which somebody waits.
PRIORITIES = {Trigger.MANUAL: 10, Trigger.API: 10, Trigger.RETRY: 10, Trigger.SCHEDULE: -10}
_SAME = frozenset({BuildState.WAITING, BuildState.QUEUED, BuildState.RUNNING, BuildState.SUCCEEDED})
SPENT = "The minutes of its owner are used up for this month."
APPROVAL = "It comes from a fork: somebody who may push here has to approve it first."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a queued build stands: `position` from 1; `held`: its project is, and it does not move.

    `reason` says why it does not, for that or because the minutes of its owner are used up.
    """

    position: int
    ahead_of_project: int
    queued_at: datetime
    held: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`approved` is the commit that somebody has approved."""

    head: str
    is_fork: bool
    approved: str | None


class Queue:
    """`minutes` are how many an owner has in a month; 0: any number."""

    def __init__(self, records: Records, *, minutes: int = 0) -> None:
        self._records = records
        self._queries = records.queries
        self._minutes = minutes

    async def enter(
        self, new: NewBuild, connection: Connection, *, facts: CommitFacts | None = None, anew: bool = False
    ) -> tuple[Build, bool]:
        """The build, and whether it is a new one: the newest of the same ref is it where it is of the same commit,
        did not fail and did not go with a ref that is there again, unless `new` is forced, or `anew`.
        """
        await self._queries.hold_queue(connection, project_id=new.project_id)
        pull = await self.pull_request(new.project_id, new.ref, connection)
        if pull.is_fork if pull is not None else new.ref.startswith("refs/pull/"):
            # Whoever asks for it: what he asks for is still somebody else's, or may be as long as nobody knows.
            new = replace(new, trust=Trust.FORK)
        facts = facts or CommitFacts(new.commit)
        known = None if new.forced or anew else await self._same(new, facts.commit, connection)
        if known is not None:
            return known, False
        build_id, number = uuid4(), await self._queries.next_number(connection, project_id=new.project_id)
        if new.trigger in MOVING:
            await self.end_ref(new.project_id, new.ref, f"Build {number} came after it.", connection, before=number)
        waits = new.trust is Trust.FORK and (pull is None or pull.approved != facts.commit)
        state, reason = (BuildState.WAITING, APPROVAL) if waits else (BuildState.QUEUED, "")
        await self._queries.insert_build(
            connection, id=build_id, number=number, state=state, reason=reason, now=self._records.clock.now(),
            **_columns(new, facts),
        )  # fmt: skip
        build = await self._records.changed(build_id, "queued", connection)
        await self._records.wake("build.wanted", connection)
        return build, True

    async def _same(self, new: NewBuild, commit: str, connection: Connection) -> Build | None:
        row = await self._queries.newest_of_ref(connection, project_id=new.project_id, ref=new.ref)
        if row is None or row["is_gone"] or row["commit"] != commit or row["state"] not in _SAME:
            return None
        return await self._records.find(plain(row["id"]), connection)

    async def pull_request(self, project_id: UUID, ref: str, connection: Connection) -> PullRequest | None:
        """The one that a ref names, where there is one."""
        number = ref.removeprefix("refs/pull/")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        row = await self._queries.pull_request(connection, project_id=project_id, number=int(number))
        return PullRequest(row["head_commit"], row["is_fork"], row["approved_commit"]) if row else None

    async def end_ref(
        self,
        project_id: UUID,
        ref: str,
        reason: str,
        connection: Connection,
        *,
        before: int | None = None,
        state: BuildState = BuildState.SUPERSEDED,
    ) -> None:
        """End what waits and what runs of a ref, below number `before`."""
        number = (1 << 31) - 1 if before is None else before
        about: dict[str, Any] = {"project_id": project_id, "ref": ref, "number": number, "reason": reason}
        ended = self._queries.end_waiting_of_ref(connection, **about, state=state, now=self._records.clock.now())
        for build_id in [plain(row["id"]) async for row in ended]:
            await self._records.changed(build_id, "ended", connection)
        ending = self._queries.end_running_of_ref(connection, **about, ending=state)
        for build_id in [plain(row["id"]) async for row in ending]:
            await self._ask_worker(build_id, connection)

    async def end(self, build_id: UUID, state: BuildState, reason: str, connection: Connection) -> Build:
        """End one that waits at once, as cancelled; ask for the end of one that runs. Raises Conflict, NotFound."""
        row = await self._queries.lock_build(connection, id=build_id)
        if row is None:
            raise NotFound("There is no such build.")
        if BuildState(row["state"]).is_over:
            raise Conflict(f"The build has ended already: {row['state']}.")
        if row["state"] != BuildState.RUNNING:
            await self._queries.end_waiting(
                connection, id=build_id, state=BuildState.CANCELLED, reason=reason, now=self._records.clock.now()
            )
            return await self._records.changed(build_id, "ended", connection)
        await self._queries.ask_end(connection, id=build_id, ending=state, reason=reason)
        await self._ask_worker(build_id, connection)
        return await self._records.changed(build_id, None, connection)

    async def _ask_worker(self, build_id: UUID, connection: Connection) -> None:
        await self._records.wake("build.ending", connection, build_id=str(build_id))

    async def release(self, build_id: UUID, connection: Connection) -> Build:
        """Queue one that waited for approval."""
        await self._queries.queue_build(connection, id=build_id, now=self._records.clock.now())
        await self._records.wake("build.wanted", connection)
        return await self._records.changed(build_id, "queued", connection)

    async def places(self, build_ids: Sequence[UUID]) -> dict[UUID, Place]:
        """Of those that are queued."""
        if not build_ids:
            return {}
        month = self._records.clock.now().date().replace(day=1)
        async with self._records.database.connection() as connection:
            rows = self._queries.places(connection, ids=list(build_ids), month=month, seconds=self._minutes * 60)
            return {plain(row["id"]): _place(row) async for row in rows}


def _place(row: Mapping[str, Any]) -> Place:
    reason = SPENT if row["spent"] else ""
    if row["held"]:
        reason = f"The project is on hold. {row['held_reason'] or ''}".strip()
    return Place(row["position"], row["ahead_of_project"], row["queued_at"], row["held"], reason)


def _columns(new: NewBuild, facts: CommitFacts) -> dict[str, Any]:
    return {
        "project_id": new.project_id,
        "ref": new.ref,
        "commit": facts.commit,
        "tree": facts.tree,
        "subject": new.subject or facts.subject,
        "author": new.author or facts.author,
        "trigger": new.trigger,
        "account_id": new.account_id,
        "actor": new.actor,
        "trust": new.trust,
        "forced": new.forced,
        "priority": new.priority or PRIORITIES.get(new.trigger, 0),
    }
