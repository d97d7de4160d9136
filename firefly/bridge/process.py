"""Commands that end: started in a process group of their own, output handed on as it comes, nothing left behind."""

import asyncio
import codecs
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from firefly.bridge.pipes import following, pipe
from firefly.errors import InvalidInput
from firefly.protocol.application import Stream
from firefly.protocol.execution import TIMED_OUT

CHUNK = 64 << 10
GRACE = 5.0
_LEFTOVERS = 0.5
# Bytes that pipes and readers may hold when a command ends.
_MOST_LEFT = 4 << 20
Sink = Callable[[Stream, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Finished:
    """`code` is negative for a signal, 124 when `timed_out`; `truncated` when output was beyond the limit."""

    code: int
    out: bytes
    err: bytes
    timed_out: bool = False
    truncated: bool = False

    @property
    def text(self) -> str:
        return self.out.decode(errors="replace").strip()

    @property
    def error_text(self) -> str:
        return self.err.decode(errors="replace").strip()


class Running:
    """A started command; made by `running`."""

    def __init__(self, process: asyncio.subprocess.Process, pipes: Mapping[Stream, int], sink: Sink) -> None:
        self._process = process
        self._sink = sink
        self._handed, self._handing = 0, 0
        self._readers = [asyncio.create_task(_copy(pipe, stream, self._hand_on)) for stream, pipe in pipes.items()]

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """The exit status, once its output has been handed on."""
        code = await self._process.wait()
        begun, before = self._handed, -1
        # A process it left in the background may hold the pipes open for ever, and print nothing, or without end.
        while self._handing or before != self._handed <= begun + _MOST_LEFT:
            before = self._handed
            if not (await asyncio.wait(self._readers, timeout=_LEFTOVERS))[1]:
                break
        return code

    async def _hand_on(self, stream: Stream, data: bytes) -> None:
        self._handing += 1
        try:
            await self._sink(stream, data)
        finally:
            self._handing -= 1
            self._handed += len(data)

    def send(self, number: signal.Signals) -> None:
        """A signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def stop(self, *, grace: float = GRACE) -> int:
        """Ask it to end, make it end after `grace` seconds."""
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                return await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self._process.wait()

    async def clean_up(self) -> None:
        """End what is left of the group, and the readers."""
        self.send(signal.SIGKILL)
        await asyncio.wait(self._readers, timeout=_LEFTOVERS)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(self._process.wait(), *self._readers, return_exceptions=True)


@asynccontextmanager
async def running(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    sink: Sink,
    stdin: int = asyncio.subprocess.DEVNULL,
    room: int = 0,
) -> AsyncIterator[Running]:
    """Start `argv` without input; leaving the block ends its whole process group.

    `room`: bytes that it may print before anybody reads, if not as many as pipes have anyway.
    """
    # Not asyncio's own pipes: with those `wait` returns only when the last background process has closed them.
    (out, told_out), (err, told_err) = pipe(room), pipe(room)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=cwd, env=dict(env), stdin=stdin, stdout=told_out, stderr=told_err, start_new_session=True
        )
    except BaseException as error:
        os.close(out)
        os.close(err)
        if isinstance(error, (OSError, ValueError)):
            raise InvalidInput(f"The command {argv[0]!r} cannot be started: {error}.", field="command") from error
        raise
    finally:
        os.close(told_out)
        os.close(told_err)
    command = Running(process, {Stream.OUT: out, Stream.ERR: err}, sink)
    try:
        yield command
    finally:
        await command.clean_up()


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float = 60,
    limit: int = 8 << 20,
    stdin: bytes | None = None,
) -> Finished:
    """Run to the end and keep at most `limit` bytes of each stream; what is beyond is read and dropped."""
    kept = {Stream.OUT: bytearray(), Stream.ERR: bytearray()}
    dropped = 0

    async def keep(stream: Stream, data: bytes) -> None:
        nonlocal dropped
        room = limit - len(kept[stream])
        kept[stream] += data[:room]
        dropped += max(0, len(data) - room)

    with _input(stdin) as descriptor:
        async with running(argv, cwd=cwd, env=env, sink=keep, stdin=descriptor) as command:
            try:
                async with asyncio.timeout(timeout):
                    code, late = await command.wait(), False
            except TimeoutError:
                code, late = TIMED_OUT, True
    return Finished(code, bytes(kept[Stream.OUT]), bytes(kept[Stream.ERR]), late, dropped > 0)


@contextlib.contextmanager
def _input(data: bytes | None) -> Iterator[int]:
    """A descriptor that reads as `data`; a memory file, since a pipe would have to be fed while the command runs."""
    if data is None:
        yield asyncio.subprocess.DEVNULL
        return
    descriptor = os.memfd_create("input")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


class TextDecoder:
    """Bytes of one stream to text, where a character may be cut in two."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        return self._decoder.decode(data, final)


async def _copy(descriptor: int, stream: Stream, sink: Sink) -> None:
    async with following(descriptor, limit=CHUNK) as reader:
        while data := await reader.read(CHUNK):
            await sink(stream, data)
