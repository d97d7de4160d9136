"""The log that a build writes: what it prints is taken at once, and made lines, masked and stored beside it."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from firefly.waiting import happens

from ...clock import Clock
from ...protocol.ansi import plain
from ..model import Build, Step, StepState
from .bound import Bound
from .lines import LONGEST
from .making import Changed, Cutting, Making, Printed
from .masking import Masks
from .outbox import Outbox
from .pieces import LARGEST, Piece, Stream
from .records import LogRecords, Opened
from .steps import StepWriter

FIRST_PAUSE, FLUSH_PAUSE = 0.004, 0.025
# After so long without another byte a line that has only begun is shown: it may be a question.
BEGUN_PAUSE = 2.0
# Bytes that wait to be made lines; beyond them whoever prints waits.
BACKLOG = 8 << 20
# As much is made lines in the event loop: a thread would take longer.
SMALL = 8 << 10


class LogWriter:
    """Fulfils `BuildLog`; made by `Logs.writing`."""

    def __init__(self, records: LogRecords, build: Build, opened: Opened, *, most: int, clock: Clock) -> None:
        self._clock = clock
        self._began = (build.started_at or clock.now()).timestamp()
        self._masks, self._making, self._bound = Masks(), Making(), Bound(most, opened.stored)
        self._next_line, self._next_step = opened.next_line, opened.next_step
        self._outbox = Outbox(records, build.hold, build.project_id, tell=self._tell_away)
        self.pieces = len(opened.stored)
        self._cutting = Cutting(0, self._masks)
        """That of the step that was begun last."""
        self._pending: deque[Printed | Changed] = deque()
        self._waiting = 0
        self._flushed_at = -math.inf
        self._flushing = asyncio.Lock()
        self._written, self._room = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def step(self, name: str, command: str | None = None) -> AsyncIterator[StepWriter]:
        self._cutting = Cutting(self._next_step, self._masks)
        shown = None if command is None else self.hide(command)
        begun = Step(self._next_step, self.hide(name), shown, StepState.RUNNING, "", None, self._clock.now(), None)
        self._next_step += 1
        writer = StepWriter(begun, self._cutting, self._take)
        self._change(writer, begun)
        try:
            yield writer
        except BaseException as error:
            self._change(writer, writer.ended(error, self._clock.now()))
            raise
        self._change(writer, writer.ended(None, self._clock.now()))

    def mask(self, *values: str) -> None:
        self._masks.add(*values)

    def hide(self, text: str) -> str:
        return self._masks.hide(text.encode(errors="replace")).decode().replace("\0", "")

    async def last_lines(self, count: int = 120) -> list[str]:
        await self._flush()
        text = self._making.tail.text
        return plain(text).split("\n")[-count:] if text else []

    async def run(self) -> None:
        """Store what is written, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._outbox.run())
            group.create_task(self._flush_for_ever())

    async def close(self) -> None:
        """Once everything is stored."""
        await self._flush()
        await self._outbox.drained()
        # What the database had to say of itself comes after that.
        await self._flush()
        self._outbox.put(self._clock.now())
        await self._outbox.drained()

    @property
    def _now(self) -> int:
        return round((self._clock.time() - self._began) * 1000)

    def _change(self, writer: StepWriter, step: Step) -> None:
        shown = replace(step, reason=self.hide(step.reason))
        self._pending.append(Changed(self._now, writer.cutting, shown))
        self._written.set()

    def _say(self, text: str) -> None:
        self._append(self._cutting, "firefly", f"{text}\n".encode())

    def _tell_away(self, seconds: float, lost: int) -> None:
        what = f"{lost:,} lines were lost." if lost else "Nothing was lost."
        self._say(f"For {seconds:.0f} s the log could not be stored: the database did not answer. {what}")

    async def _take(self, cutting: Cutting, stream: Stream, data: bytes) -> None:
        """What was printed. Returns at once, but where more is printed than can be made lines."""
        for start in range(0, len(data), LONGEST):
            self._append(cutting, stream, data[start : start + LONGEST])
        if self._waiting > BACKLOG:
            self._room.clear()
            await self._room.wait()

    def _append(self, cutting: Cutting, stream: Stream, data: bytes) -> None:
        at, last = self._now, self._pending[-1] if self._pending else None
        self._waiting += len(data)
        if (
            isinstance(last, Printed)
            and (last.cutting, last.stream, last.at) == (cutting, stream, at)
            and len(last.data) + len(data) <= LONGEST
        ):
            last.data += data
            return
        self._pending.append(Printed(at, cutting, stream, bytearray(data)))
        self._written.set()

    async def _flush_for_ever(self) -> None:
        while True:
            if not await happens(self._written, BEGUN_PAUSE):
                await self._show_begun()
                await self._written.wait()
            if self._waiting < LARGEST:
                # The first line after a silence need not wait for others as long as those that keep coming.
                await asyncio.sleep(max(FIRST_PAUSE, self._flushed_at + FLUSH_PAUSE - self._clock.monotonic()))
            await self._flush()
            self._flushed_at = self._clock.monotonic()

    async def _show_begun(self) -> None:
        async with self._flushing:
            self._send(self._making.begun(self._now, self._cutting))

    async def _flush(self) -> None:
        async with self._flushing:
            self._written.clear()
            while self._pending:
                taken = list(self._some())
                size = sum(len(one.data) for one in taken if isinstance(one, Printed))
                small, make = size < SMALL, self._making.make
                self._send(make(taken) if small else await asyncio.to_thread(make, taken))
                self._waiting -= size
                if self._waiting <= BACKLOG // 2:
                    self._room.set()

    def _some(self) -> Iterator[Printed | Changed]:
        """About as much as goes into one piece."""
        size = 0
        while self._pending and size < LARGEST:
            taken = self._pending.popleft()
            size += len(taken.data) if isinstance(taken, Printed) else 0
            yield taken

    def _send(self, made: Sequence[Piece | Step]) -> None:
        for one in made:
            if isinstance(one, Step):
                self._outbox.put(one)
                continue
            piece = replace(one, first_line=self._next_line)
            self._next_line = piece.next_line
            self.pieces += 1
            self._outbox.put(piece)
            reached = self._bound.reached
            if cut := self._bound.add(piece.first_line, piece.size):
                self._outbox.put(cut)
            if self._bound.reached and not reached:
                self._say("The log is too long to be kept whole: from here on, only its end is kept.")
