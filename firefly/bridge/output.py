"""The application's output: the last lines, numbered, bounded however much is printed; without secrets."""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Sequence

import structlog

from firefly.bridge.journal import Journal
from firefly.bridge.process import TextDecoder
from firefly.bridge.tasks import in_thread
from firefly.clock import Clock
from firefly.protocol.application import Line, Stream

MOST_LINES = 5000
MOST_CHARACTERS = 2 << 20
LONGEST_LINE = 8 << 10
# Beyond this many bytes in a second nobody reads along; the rest of that second is counted and left out.
BYTES_PER_SECOND = 512 << 10
# Between two writes to the journal.
WRITE_PAUSE = 0.25
# A value that is shorter would blacken words that have nothing to do with it.
SHORTEST_SECRET = 6
HIDDEN = "••••••"

log = structlog.get_logger()


class Output:
    """Lines are numbered from `before` + 1 on. `hidden` gives the values that must not be in them."""

    def __init__(self, clock: Clock, *, before: int = 0, hidden: Callable[[], Collection[str]] = tuple) -> None:
        self._clock = clock
        self._hidden = hidden
        self._unwritten: deque[Line] = deque(maxlen=MOST_LINES)
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._characters = 0
        self._last = before
        self._partial: dict[Stream, str] = {}
        self._decoders: dict[Stream, TextDecoder] = {}
        self._second, self._taken, self._dropped = 0, 0, 0
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        """The number of the newest line."""
        return self._last

    def after(self, seq: int | None, *, limit: int = MOST_LINES) -> list[Line]:
        """The oldest `limit` kept lines that are newer than `seq`."""
        if seq is not None and seq > self._last:
            seq = None
        start = 0 if seq is None else bisect_right(self._lines, seq, key=lambda line: line.seq)
        return [self._lines[number] for number in range(start, min(len(self._lines), start + limit))]

    def recall(self, lines: Sequence[Line]) -> None:
        """Begin with what earlier bridges kept; what is printed from now on has greater numbers."""
        if lines and not self._lines:
            self._last = max(self._last, lines[-1].seq)
            self._lines.extend(lines)
            self._characters = sum(len(line.text) for line in lines)

    async def keep(self, journal: Journal) -> None:
        """Write lines down as they come, until cancelled, and then what is left. A full disk is no obstacle."""
        try:
            while True:
                if not self._unwritten:
                    await self.grown()
                await in_thread(self._write, journal)
                await asyncio.sleep(WRITE_PAUSE)
        finally:
            self._write(journal)

    def _write(self, journal: Journal) -> None:
        lines = [self._unwritten.popleft() for _ in range(len(self._unwritten))]
        try:
            if lines:
                journal.write(lines)
        except OSError as error:
            log.warning("output.unwritten", lines=len(lines), reason=str(error))

    def tail(self, count: int) -> list[str]:
        return [line.text for line in list(self._lines)[-count:]]

    async def grown(self) -> None:
        """Until there is another line."""
        await self._grown.wait()

    def say(self, text: str) -> None:
        """A line of the bridge's own."""
        for line in text.splitlines():
            self._add(Stream.SYSTEM, line)

    async def feed(self, stream: Stream, data: bytes) -> None:
        """What a command printed."""
        second = int(time.monotonic())
        if second != self._second:
            self._tell_dropped()
            self._second, self._taken = second, 0
        self._taken += len(data)
        if self._taken > BYTES_PER_SECOND:
            self._dropped += len(data)
            await asyncio.sleep(0)
            return
        text = self._partial.pop(stream, "") + self._decoders.setdefault(stream, TextDecoder()).feed(data)
        *lines, rest = text.replace("\r\n", "\n").split("\n")
        for line in lines:
            self._add(stream, line)
        self._keep_partial(stream, rest)

    def flush(self) -> None:
        """The command has ended: what it printed without a line end is a line too."""
        self._tell_dropped()
        for stream, rest in self._partial.items():
            if rest:
                self._add(stream, rest)
        self._partial.clear()
        self._decoders.clear()

    def _keep_partial(self, stream: Stream, rest: str) -> None:
        if len(rest) > LONGEST_LINE:
            rest = self._without_secrets(rest)
        while len(rest) > LONGEST_LINE:
            self._add(stream, rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        if rest:
            self._partial[stream] = rest

    def _tell_dropped(self) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self.say(f"… {dropped / 1e6:.1f} MB of output left out: more was printed than anyone can read.")

    def _add(self, stream: Stream, text: str) -> None:
        # A carriage return starts the line anew, as on a terminal: of a progress bar the last state is kept.
        text = self._without_secrets(text.rstrip("\r").rpartition("\r")[2])
        for start in range(0, max(len(text), 1), LONGEST_LINE):
            self._append(stream, text[start : start + LONGEST_LINE])
        self._grown.set()
        self._grown = asyncio.Event()

    def _without_secrets(self, text: str) -> str:
        """One of several lines is hidden line by line, as it is printed."""
        for value in self._hidden():
            for part in value.splitlines():
                if len(part) >= SHORTEST_SECRET:
                    text = text.replace(part, HIDDEN)
        return text

    def _append(self, stream: Stream, text: str) -> None:
        self._last += 1
        if len(self._lines) == MOST_LINES:
            self._characters -= len(self._lines[0].text)
        line = Line(seq=self._last, time=self._clock.now(), stream=stream, text=text)
        self._lines.append(line)
        self._unwritten.append(line)
        self._characters += len(text)
        while self._characters > MOST_CHARACTERS:
            self._characters -= len(self._lines.popleft().text)
