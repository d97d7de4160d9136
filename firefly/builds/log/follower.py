"""One build's log as it grows, read once for all who watch it on this server."""

import asyncio
import time
from collections import OrderedDict, deque
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from firefly.waiting import happens

from ...errors import DatabaseUnavailable
from .encoding import Encoded, encode_end, encode_pieces, encode_step
from .pieces import LARGEST, Piece
from .records import LogRecords, LogState

log = structlog.get_logger()

# Bytes of events that are kept for those who are a little behind.
KEPT = 4 << 20
# Events that were read from storage, each of at most some 500 KiB.
MOST_STORED = 16
# The bus tells of everything; in case a server died before it could, the log is looked at all the same.
LOOK_EVERY = 10.0
RETRY_PAUSE = 1.0
# To wake one who watches costs about as much; with many of them more lines come at a time.
PAUSE_EACH = 0.0002
# Bytes of text a second: nobody reads more along, and what builds print quicker is not to keep the server busy.
PACE = 8 << 20
# A log that nobody closed ends with its build, after a while.
GRACE = timedelta(minutes=10)
# As much text is made events in the event loop.
SMALL = 16 << 10


class Follower:
    """`viewers` is counted by `Following`."""

    def __init__(self, records: LogRecords, build_id: UUID) -> None:
        self.viewers = 0
        self.steps: dict[int, bytes] = {}
        self.changes: list[int] = []
        """Positions of steps in the order in which they changed."""
        self.end: bytes | None = None
        self.base = 0
        """The line before those that are kept."""
        self._records = records
        self._build_id = build_id
        self._kept: deque[Encoded] = deque()
        self._size = 0
        self._last = 0
        self._stored: OrderedDict[int, list[Encoded]] = OrderedDict()
        self._more = asyncio.Event()
        self._news = {"lines", "steps", "end"}
        self._grown = asyncio.Event()
        self._open = asyncio.Event()

    def heed(self, what: str) -> None:
        """There is more of it: `lines`, `steps`, the `end`."""
        self._news.add(what)
        self._more.set()

    async def opened(self) -> None:
        await self._open.wait()

    @property
    def grown(self) -> asyncio.Event:
        """Set once there is more than now."""
        return self._grown

    def after(self, line: int) -> list[Encoded] | None:
        """What is kept behind `line`, where that is the last of an event; None: it has to be read from storage."""
        found: list[Encoded] = []
        for encoded in reversed(self._kept):
            if encoded.last <= line:
                return found[::-1] if encoded.last == line else None
            found.append(encoded)
        return found[::-1] if line == self.base or not (self._last > line) else None

    async def stored(self, line: int) -> list[Encoded]:
        """The next lines behind `line`, for whoever is far behind; others are often at the same place."""
        known = self._stored.get(line)
        if known is None:
            known = await self._encode(await self._records.pieces(self._build_id, line + 1, size=LARGEST), line)
            if known:
                self._stored[line] = known
                if len(self._stored) > MOST_STORED:
                    self._stored.popitem(last=False)
        return known

    async def run(self) -> None:
        """Read on, until cancelled, or until the log has ended."""
        while self.end is None:
            try:
                await self._read()
            except (DatabaseUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("build_log.unread", build=str(self._build_id), reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_PAUSE)
                self._news.update(("lines", "steps", "end"))
                continue
            if self.end is None:
                await asyncio.sleep(self.viewers * PAUSE_EACH)
                await self._wait()

    async def _wait(self) -> None:
        if not await happens(self._more, LOOK_EVERY):
            self._news.update(("lines", "steps", "end"))

    async def _read(self) -> None:
        self._more.clear()
        news, self._news = self._news, set()
        if not self._open.is_set():
            self.base = self._last = await self._records.end(self._build_id) - 1
        # Whether it has ended is asked before what has come: nothing comes after the end.
        state = await self._records.state(self._build_id) if "end" in news else None
        if "steps" in news or "end" in news:
            await self._read_steps()
        await self._read_lines()
        if "end" in news and has_ended(state):
            self.end = encode_end(state.state.value if state else "removed")
        self._open.set()
        self._tell()

    async def _read_steps(self) -> None:
        for step in await self._records.steps(self._build_id):
            encoded = encode_step(step)
            if self.steps.get(step.position) != encoded:
                self.steps[step.position] = encoded
                self.changes.append(step.position)

    async def _read_lines(self) -> None:
        while pieces := await self._records.pieces(self._build_id, self._last + 1):
            began = time.monotonic()
            for encoded in await self._encode(pieces, self._last):
                self._keep(encoded)
            self._tell()
            size = sum(piece.size for piece in pieces)
            if size > SMALL:
                await asyncio.sleep(max(0.0, began + size / PACE - time.monotonic()))

    async def _encode(self, pieces: list[Piece], line: int) -> list[Encoded]:
        if sum(piece.size for piece in pieces) <= SMALL:
            return encode_pieces(pieces, line)
        return await asyncio.to_thread(encode_pieces, pieces, line)

    def _keep(self, encoded: Encoded) -> None:
        self._kept.append(encoded)
        self._size += len(encoded.data)
        self._last = encoded.last
        while self._size > KEPT and len(self._kept) > 1:
            dropped = self._kept.popleft()
            self._size -= len(dropped.data)
            self.base = dropped.last

    def _tell(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()


def has_ended(state: LogState | None) -> bool:
    if state is None:
        return True
    if not state.state.is_over:
        return False
    if state.closed_at is not None or state.started_at is None:
        return True
    return state.ended_at is not None and datetime.now(UTC) - state.ended_at > GRACE
