"""Who builds what: taken from the queue in turns, kept by a lease, given back or ended, over all replicas."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from ...settings import Settings
from ...store import Connection
from ..making.storable import storable
from ..model import Build, BuildState, Hold, Outcome
from .records import Records, plain

# How long a builder may be silent before another takes up its work; it says so six times as often.
LEASE = timedelta(seconds=30)
# A build that ends its builder each time would be begun for ever.
MOST_ATTEMPTS = 3
PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Claimed:
    """`limit` is in seconds; `last`: it is not begun again."""

    build: Build
    attempt: int
    limit: float
    last: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    state: BuildState
    reason: str


class Claims:
    """`place` is where this process runs, as no other does at the same time. `attempts`: how often a build is begun."""

    def __init__(
        self,
        records: Records,
        settings: Settings,
        *,
        place: str,
        lease: timedelta = LEASE,
        attempts: int = MOST_ATTEMPTS,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._settings = settings
        self._place = f"{place}/"
        self.holder = f"{place}/{uuid4()}"
        self.lease = lease
        self.attempts = attempts

    async def inherit(self) -> None:
        """Before the first claim: what an earlier process in this place built is left, whatever its lease says."""
        async with self._records.database.connection() as connection:
            await self._queries.end_leases(connection, place=self._place, holder=self.holder)

    async def claim(self) -> Claimed | None:
        """The one whose turn it is, with those first that were left by their builder; None where there is none now."""
        async with self._records.database.transaction() as connection:
            await self._queries.hold_claims(connection)
            while (lost := await self._queries.lost_build(connection)) is not None:
                build_id = plain(lost["id"])
                if lost["ending"] is None and lost["attempts"] < self.attempts:
                    return await self._take(build_id, connection)
                reason = f"Its builder ended {lost['attempts']} times while it ran."
                await self._end_lost(build_id, reason, connection)
            if await self._queries.count_running(connection) >= self._settings.builds_at_once:
                return None
            found = await self._queries.next_build(
                connection, per_owner=self._settings.builds_per_owner, month=self._month(),
                seconds=self._settings.build_minutes_per_owner * 60,
            )  # fmt: skip
            return await self._take(plain(found), connection) if found else None

    async def _take(self, build_id: UUID, connection: Connection) -> Claimed:
        attempt = (await self._hold(build_id, connection))["attempts"]
        await self._queries.note_served(connection, id=build_id)
        build = await self._records.changed(build_id, "started" if attempt == 1 else None, connection)
        limit = await self._queries.timeout_of(connection, project_id=build.project_id)
        most = self._settings.build_timeout
        return Claimed(build, attempt, min(limit, most) if limit else most, attempt >= self.attempts)

    async def _hold(self, build_id: UUID, connection: Connection) -> Mapping[str, Any]:
        row: Mapping[str, Any] = await self._queries.take_build(
            connection, id=build_id, holder=self.holder, lease=self.lease, now=self._records.clock.now()
        )
        return row

    async def _end_lost(self, build_id: UUID, reason: str, connection: Connection) -> None:
        """For whoever does not answer, as that would do it."""
        hold = Hold(build_id, (await self._hold(build_id, connection))["epoch"])
        await self._queries.end_steps(connection, id=build_id, now=self._records.clock.now())
        await self._finish(hold, Outcome(state=BuildState.FAILED, reason=reason), 0, connection)

    async def keep(self, build_ids: Iterable[UUID], publishing: Iterable[int]) -> Mapping[UUID, Ending | None]:
        """Prolong the lease. What is missing is no longer ours; an Ending is asked of the others."""
        async with self._records.database.connection() as connection:
            await self._queries.keep_notices(connection, ids=list(publishing), lease=self.lease)
            rows = self._queries.keep_builds(connection, ids=list(build_ids), holder=self.holder, lease=self.lease)
            return {plain(row["id"]): _ending(row) async for row in rows}

    async def finish(self, claimed: Claimed, outcome: Outcome, seconds: float) -> tuple[Build | None, int | None]:
        """The build as it is now, None where it is no longer ours; and the notice that it is to be published."""
        async with self._records.database.transaction() as connection:
            return await self._finish(claimed.build.hold, outcome, seconds, connection)

    async def _finish(
        self, hold: Hold, outcome: Outcome, seconds: float, connection: Connection
    ) -> tuple[Build | None, int | None]:
        now = self._records.clock.now()
        state = await self._queries.finish_build(
            connection, id=hold.build_id, holder=self.holder, epoch=hold.epoch, state=outcome.state,
            reason=storable(outcome.reason), artifact=outcome.artifact,
            failure=storable(asdict(outcome.failure)) if outcome.failure else None,
            reused_from=outcome.reused_from, now=now,
        )  # fmt: skip
        if state is None:
            return None, None
        await self._queries.add_minutes(connection, id=hold.build_id, month=self._month(), seconds=seconds)
        build = await self._records.changed(hold.build_id, "ended", connection)
        notice = None
        if build.state is BuildState.SUCCEEDED:
            notice = await self._queries.insert_publishing(
                connection, build_id=hold.build_id, listener=PUBLISHER, lease=self.lease, now=now
            )
        return build, notice

    async def published(self, notice: int) -> None:
        async with self._records.database.connection() as connection:
            await self._queries.end_notice(connection, id=notice, now=self._records.clock.now(), error="")

    async def release(self, claimed: Claimed) -> None:
        """Let another begin it anew."""
        async with self._records.database.transaction() as connection:
            released = await self._queries.release_build(
                connection, id=claimed.build.id, holder=self.holder, epoch=claimed.build.epoch
            )
            if released is not None:
                await self._records.wake("build.wanted", connection)
                await self._records.changed(claimed.build.id, None, connection)

    def _month(self) -> date:
        return self._records.clock.now().date().replace(day=1)


def _ending(row: Mapping[str, Any]) -> Ending | None:
    if row["project_gone"]:
        return Ending(BuildState.CANCELLED, "The project was deleted.")
    return Ending(BuildState(row["ending"]), row["ending_reason"]) if row["ending"] else None
