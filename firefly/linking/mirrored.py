"""What is known of a project and its repository at the provider: records of mirrors and of their refs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from ..bus import JSON, Bus
from ..clock import Clock
from ..store import Database, load_queries

# A hook that got lost is made good by looking again.
EACH = timedelta(hours=1)
LEASE = timedelta(minutes=20)


class MirrorState(StrEnum):
    WAITING = "waiting"
    LEVEL = "level"
    DIVERGED = "diverged"
    FAILING = "failing"


class RefState(StrEnum):
    """`refused`: one side does not take it, a protected branch for instance."""

    LEVEL = "level"
    DIVERGED = "diverged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MirroredRef:
    """`common` is what both sides had last; `ours` and `theirs` are set where they differ now."""

    ref: str
    common: str | None
    state: RefState = RefState.LEVEL
    ours: str | None = None
    theirs: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """`waits`: something was pushed that the provider does not have yet."""

    state: MirrorState
    reason: str
    looked_at: datetime | None
    due_at: datetime
    attempts: int
    waits: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One project that is to be looked at now; what asked for it up to `wanted` is then done.

    `owner_id` is None where it was asked for by itself.
    """

    project_id: UUID
    wanted: int
    owner_id: UUID | None = None


class Mirrored:
    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._queries: Any = load_queries("mirrors")

    async def begin(self, project_id: UUID) -> None:
        """Keep it in step from now on."""
        async with self._database.connection() as connection:
            await self._queries.begin(connection, project_id=project_id, now=self._clock.now())

    async def want(self, project_id: UUID) -> None:
        """Something happened, here or there. For a project that is not mirrored nothing follows."""
        async with self._database.connection() as connection:
            await self._queries.want(connection, project_id=project_id, now=self._clock.now())

    async def end(self, project_id: UUID) -> None:
        async with self._database.connection() as connection:
            await self._queries.end(connection, project_id=project_id)

    async def take_due(self, most: int, busy: Collection[UUID] = ()) -> Sequence[Turn]:
        """Those whose time has come, of no owner who is `busy`."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.take_due(connection, now=now, until=now + LEASE, most=most, busy=list(busy))
            return [
                Turn(UUID(bytes=row["project_id"].bytes), row["wanted"], UUID(bytes=row["owner_id"].bytes))
                async for row in rows
            ]

    async def take(self, project_id: UUID) -> Turn | None:
        """This one; None while somebody looks already, or where it is not mirrored."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            row = await self._queries.take(connection, project_id=project_id, now=now, until=now + LEASE)
        return Turn(project_id, row["wanted"]) if row else None

    async def settle(self, turn: Turn, refs: Sequence[MirroredRef], gone: Sequence[str], *, again: bool) -> MirrorState:
        """Write down how it is; `again`: something moved meanwhile, so look at once."""
        now = self._clock.now()
        diverged = [ref for ref in refs if ref.state is RefState.DIVERGED]
        refused = [ref for ref in refs if ref.state is RefState.REFUSED]
        state = MirrorState.DIVERGED if diverged else MirrorState.FAILING if refused else MirrorState.LEVEL
        reason = _reason(diverged, refused)
        async with self._database.transaction() as connection:
            for ref in refs:
                await self._queries.put_ref(
                    connection, project_id=turn.project_id, ref=ref.ref, common=ref.common, state=ref.state,
                    ours=ref.ours, theirs=ref.theirs, reason=ref.reason, now=now,
                )  # fmt: skip
            for name in gone:
                await self._queries.drop_ref(connection, project_id=turn.project_id, ref=name)
            await self._queries.settle(
                connection, project_id=turn.project_id, wanted=turn.wanted, state=state, reason=reason, now=now,
                due_at=now if again else now + EACH,
            )  # fmt: skip
            await self._tell(turn.project_id, state, reason, connection)
        return state

    async def fail(self, turn: Turn, reason: str) -> None:
        async with self._database.transaction() as connection:
            await self._queries.fail(
                connection, project_id=turn.project_id, wanted=turn.wanted, reason=reason, now=self._clock.now()
            )
            await self._tell(turn.project_id, MirrorState.FAILING, reason, connection)

    async def _tell(self, project_id: UUID, state: MirrorState, reason: str, connection: Any) -> None:
        data: dict[str, JSON] = {"project_id": str(project_id), "state": state.value, "reason": reason}
        await self._bus.publish("events", "link.changed", data, connection=connection)

    async def find(self, project_id: UUID) -> Mirror | None:
        async with self._database.connection() as connection:
            row = await self._queries.find(connection, project_id=project_id)
        if row is None:
            return None
        waits = row["wanted"] > row["done"]
        return Mirror(MirrorState(row["state"]), row["reason"], row["looked_at"], row["due_at"], row["attempts"], waits)

    async def refs(self, project_id: UUID) -> Mapping[str, MirroredRef]:
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.refs(connection, project_id=project_id)]
        names = ("ref", "common", "state", "ours", "theirs", "reason")
        made = [MirroredRef(**{**{name: row[name] for name in names}, "state": RefState(row["state"])}) for row in rows]
        return {ref.ref: ref for ref in made}


def _reason(diverged: Sequence[MirroredRef], refused: Sequence[MirroredRef]) -> str:
    if diverged:
        names = ", ".join(short(ref.ref) for ref in diverged[:5])
        return f"Both sides have commits that the other has not: {names}. Nothing is overwritten until you decide."
    if refused:
        return f"{short(refused[0].ref)}: {refused[0].reason}"
    return ""


def short(ref: str) -> str:
    """A branch's or tag's name."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
