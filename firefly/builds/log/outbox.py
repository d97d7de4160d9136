"""What of a log is still to be stored, in order: held while the database is away, up to a bound."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from ...errors import DatabaseUnavailable, HoldLost
from ...store import Connection
from ..model import Hold, Step, StepState
from .bound import Cut
from .pieces import Piece
from .records import LogRecords

log = structlog.get_logger()

# Bytes of compressed pieces; one compresses to a tenth of its text or less.
MOST_HELD = 32 << 20
AT_ONCE = 16
RETRY_PAUSE = 0.2
# So often, in some minutes, the same is tried again that the database refuses.
MOST_REFUSALS = 600
# Seconds after which it is said that the database was away.
WORTH_TELLING = 1.0

Entry = Piece | Step | Cut | datetime
"""A step is begun or ended; a moment: the log is closed."""


class Outbox:
    """`tell(seconds, lines)`: the database is back, was away for so long, and so many lines were lost.

    Once somebody else holds the build nothing is taken any more, and nobody waits for it.
    """

    def __init__(
        self, records: LogRecords, hold: Hold, project_id: UUID, *, tell: Callable[[float, int], None]
    ) -> None:
        self._records = records
        self._hold, self._build_id, self._project_id = hold, hold.build_id, project_id
        self._is_lost = False
        self._tell = tell
        self._entries: deque[Entry] = deque()
        self._held = 0
        self._lost = 0
        self._refusals = 0
        self._shift = 0
        """By how much the numbers of lines differ from what was thought, since somebody else wrote too."""
        self._away_since: float | None = None
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()

    def put(self, entry: Entry) -> None:
        if self._is_lost:
            return
        if isinstance(entry, Piece):
            if self._held + len(entry.data) > MOST_HELD:
                self._lost += entry.lines
                return
            self._held += len(entry.data)
        elif isinstance(entry, Cut):
            self._forget(entry)
        self._entries.append(entry)
        self._emptied.clear()
        self._filled.set()

    def _forget(self, cut: Cut) -> None:
        """What would be removed at once need not be stored; the first may be under way."""
        kept = deque(
            entry
            for number, entry in enumerate(self._entries)
            if number == 0 or not (isinstance(entry, Piece) and cut.after < entry.first_line <= cut.through)
        )
        self._entries = kept
        self._held = sum(len(entry.data) for entry in kept if isinstance(entry, Piece))

    async def drained(self) -> None:
        """Until everything is stored."""
        await self._emptied.wait()

    async def run(self) -> None:
        """Store what comes, until cancelled."""
        while True:
            await self._filled.wait()
            try:
                await self._store_some()
            except (HoldLost, asyncpg.ForeignKeyViolationError) as error:
                log.warning("build_log.not_ours", build=str(self._build_id), reason=str(error))
                self._discard()
            except (DatabaseUnavailable, OSError) as error:
                await self._wait(error)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # A full disk is away too, in a way; what is refused for itself must not keep back the rest.
                self._refusals += 1
                if self._refusals > MOST_REFUSALS:
                    self._drop(error)
                else:
                    await self._wait(error)

    async def _wait(self, error: Exception) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("build_log.held", build=str(self._build_id), reason=str(error) or type(error).__name__)
        await asyncio.sleep(RETRY_PAUSE)

    def _drop(self, error: Exception) -> None:
        entry = self._entries.popleft()
        log.error("build_log.refused", build=str(self._build_id), kind=type(entry).__name__, reason=str(error))
        if isinstance(entry, Piece):
            self._held -= len(entry.data)
            self._lost += entry.lines
        self._refusals = 0

    async def _store_some(self) -> None:
        async with self._records.database.connection() as connection:
            for _ in range(min(AT_ONCE, len(self._entries))):
                entry = self._entries[0]
                await self._store(connection, entry)
                self._done(self._entries.popleft())
        if not self._entries:
            self._filled.clear()
            self._emptied.set()

    async def _store(self, connection: Connection, entry: Entry) -> None:
        records, hold = self._records, self._hold
        if isinstance(entry, Piece):
            shifted = Piece(entry.first_line + self._shift, entry.lines, entry.size, entry.data)
            self._shift += await records.add(connection, hold, shifted) - shifted.first_line
        elif isinstance(entry, Cut):
            shift = self._shift
            await records.cut(connection, hold, Cut(entry.after + shift, entry.through + shift))
        elif isinstance(entry, datetime):
            await records.close(connection, hold, entry)
        elif entry.state is StepState.RUNNING:
            await records.begin_step(connection, hold, self._project_id, entry)
        else:
            await records.end_step(connection, hold, self._project_id, entry)

    def _done(self, entry: Entry) -> None:
        self._refusals = 0
        if isinstance(entry, Piece):
            self._held -= len(entry.data)
        if self._away_since is None and not self._lost:
            return
        # What is told of it must not be lost for want of room itself.
        if self._held > MOST_HELD // 2:
            return
        seconds = time.monotonic() - (self._away_since or time.monotonic())
        lost, self._lost, self._away_since = self._lost, 0, None
        if seconds >= WORTH_TELLING or lost:
            self._tell(seconds, lost)

    def _discard(self) -> None:
        self._is_lost = True
        self._entries.clear()
        self._held = 0
        self._filled.clear()
        self._emptied.set()
