"""Logs in the database: what is written, and what is read of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from ...bus import JSON, Bus
from ...errors import HoldLost
from ...store import Connection, Database, load_queries
from ..model import BuildState, Hold, Step, StepState
from .bound import Cut
from .pieces import Piece

# Events of it say that there is more of a log; `build_id`, and `what`: lines, steps or end.
TOPIC = "build_log"
# Of what is read at a time: pieces, and bytes of text.
AT_ONCE, LARGEST_READ = 256, 4 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a log goes on; `stored`: first line and size of each piece that is there."""

    next_line: int
    next_step: int
    stored: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LogState:
    state: BuildState
    started_at: datetime | None
    ended_at: datetime | None
    closed_at: datetime | None


class LogRecords:
    """Every method raises DatabaseUnavailable where the database is away; what writes, HoldLost."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self._bus = bus
        self._queries = load_queries("build_log")

    async def open(self, hold: Hold, now: datetime) -> Opened:
        async with self.database.connection() as connection:
            row = await self._queries.open_build_log(connection, **asdict(hold), now=now)
            _check(row is not None)
            sizes = self._queries.sizes_of_log_pieces(connection, build_id=hold.build_id)
            stored = [(size["first_line"], size["size"]) async for size in sizes]
        return Opened(row["next_line"], row["next_step"], stored)

    async def add(self, connection: Connection, hold: Hold, piece: Piece) -> int:
        """Store a piece, and tell of it; returns its first line, another one where somebody else was quicker."""
        first_line = piece.first_line
        while not await self._added(connection, hold, piece, first_line):
            # An answer may have been lost, not the piece.
            same = {"build_id": hold.build_id, "first_line": first_line, "data": piece.data}
            if await self._queries.has_log_piece(connection, **same):
                break
            first_line = await self._queries.end_of_log(connection, build_id=hold.build_id)
        return first_line

    async def _added(self, connection: Connection, hold: Hold, piece: Piece, first_line: int) -> bool:
        added: list[bool] = []

        async def store(channel: str, event: str) -> None:
            row = await self._queries.add_log_piece(
                connection, **asdict(hold), first_line=first_line, lines=piece.lines, size=piece.size,
                data=piece.data, channel=channel, event=event,
            )  # fmt: skip
            _check(row["held"])
            added.append(row["added"])

        await self._bus.publish_by(store, TOPIC, "log.grown", _about(hold.build_id, "lines"))
        return added[0]

    async def cut(self, connection: Connection, hold: Hold, cut: Cut) -> None:
        _check(await self._queries.cut_log(connection, **asdict(hold), **asdict(cut)))

    async def begin_step(self, connection: Connection, hold: Hold, project_id: UUID, step: Step) -> None:
        held = await self._queries.begin_build_step(
            connection, **asdict(hold), position=step.position, name=step.name, command=step.command,
            started_at=step.started_at,
        )  # fmt: skip
        _check(held)
        await self._tell_step(connection, hold.build_id, project_id, step)

    async def end_step(self, connection: Connection, hold: Hold, project_id: UUID, step: Step) -> None:
        held = await self._queries.end_build_step(
            connection, **asdict(hold), position=step.position, state=step.state.value, reason=step.reason,
            exit_code=step.exit_code, ended_at=step.ended_at,
        )  # fmt: skip
        _check(held)
        await self._tell_step(connection, hold.build_id, project_id, step)

    async def _tell_step(self, connection: Connection, build_id: UUID, project_id: UUID, step: Step) -> None:
        told: dict[str, JSON] = {
            "project_id": str(project_id), "build_id": str(build_id), "position": step.position,
            "name": step.name[:200], "state": step.state.value,
        }  # fmt: skip
        await self._bus.publish("events", "build.step", told, connection=connection)
        await self._bus.publish(TOPIC, "log.grown", _about(build_id, "steps"), connection=connection)

    async def close(self, connection: Connection, hold: Hold, now: datetime) -> None:
        _check(await self._queries.close_build_log(connection, **asdict(hold), now=now))
        await self._bus.publish(TOPIC, "log.grown", _about(hold.build_id, "end"), connection=connection)

    async def steps(self, build_id: UUID) -> list[Step]:
        async with self.database.connection() as connection:
            rows = self._queries.steps_of_build(connection, build_id=build_id)
            return [Step(**{**row, "state": StepState(row["state"])}) async for row in rows]

    async def pieces(self, build_id: UUID, line: int, *, most: int = AT_ONCE, size: int = LARGEST_READ) -> list[Piece]:
        """From the one in which `line` is, or the next one, on; `size` is how much text they may have together."""
        async with self.database.connection() as connection:
            rows = self._queries.log_pieces_from(connection, build_id=build_id, line=line, most=most, bytes=size)
            found = [Piece(**row) async for row in rows]
        return [piece for piece in found if piece.next_line > line]

    async def merge(self, hold: Hold, old: Sequence[Piece], new: Piece) -> None:
        """One in the place of several that follow one another."""
        build_id = hold.build_id
        async with self.database.transaction() as connection:
            _check(await self._queries.hold_build_log(connection, **asdict(hold)))
            await self._queries.remove_log_pieces(
                connection, build_id=build_id, first=old[0].first_line, last=old[-1].first_line
            )
            await self._queries.insert_log_piece(connection, build_id=build_id, **asdict(new))

    async def end(self, build_id: UUID) -> int:
        """The line to come."""
        async with self.database.connection() as connection:
            line: int = await self._queries.end_of_log(connection, build_id=build_id)
        return line

    async def state(self, build_id: UUID) -> LogState | None:
        async with self.database.connection() as connection:
            row = await self._queries.state_of_log(connection, build_id=build_id)
        return row and LogState(BuildState(row["state"]), row["started_at"], row["ended_at"], row["log_ended_at"])


def _check(held: bool | None) -> None:
    if not held:
        raise HoldLost("Another builds it by now, or it is gone.")


def _about(build_id: UUID, what: str) -> Mapping[str, JSON]:
    return {"build_id": str(build_id), "what": what}
