"""The exec service: one command, its output, its exit status."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from firefly.bridge.dispatcher import Method
from firefly.bridge.environment import Environment
from firefly.bridge.process import Finished, TextDecoder, run, running
from firefly.errors import LimitReached
from firefly.protocol.application import Stream
from firefly.protocol.execution import TIMED_OUT, ExecEvent, ExecParams, ExecResult

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

MOST_OUTPUT = 4 << 20
MOST_COMMANDS = 16
_WAITING_EVENTS = 16


class Execution:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._running = 0

    def busy(self) -> Iterable[str]:
        if self._running:
            yield "a command runs" if self._running == 1 else f"{self._running} commands run"

    def methods(self) -> Sequence[Method[Any]]:
        return (Method("exec.run", ExecParams, self._run),)

    async def _run(self, peer: "Connection", params: ExecParams) -> ExecResult:
        """A command whose caller has gone is ended."""
        key = object()
        if (task := asyncio.current_task()) is not None:
            peer.on_close(key, task.cancel)
        try:
            return await self.execute(params)
        finally:
            peer.forget(key)

    async def execute(self, params: ExecParams) -> ExecResult:
        self._enter()
        try:
            done = await run(
                self._argv(params),
                cwd=self._environment.workspace,
                env=self._environment.child(**params.env),
                timeout=params.timeout,
                limit=MOST_OUTPUT,
            )
        finally:
            self._running -= 1
        return result_of(done)

    async def stream(self, params: ExecParams) -> AsyncIterator[ExecEvent]:
        """Output as it comes, at the pace of the reader, then one event `exit`."""
        events: asyncio.Queue[ExecEvent] = asyncio.Queue(_WAITING_EVENTS)
        self._enter()
        task = asyncio.create_task(self._produce(params, events), name="exec")
        try:
            while (event := await _next(events, task)) is not None:
                yield event
            yield task.result()
        finally:
            self._running -= 1
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _produce(self, params: ExecParams, events: asyncio.Queue[ExecEvent]) -> ExecEvent:
        decoders = {stream: TextDecoder() for stream in (Stream.OUT, Stream.ERR)}

        async def sink(stream: Stream, data: bytes) -> None:
            if text := decoders[stream].feed(data):
                await events.put(ExecEvent(event=stream.value, text=text))

        environment = self._environment.child(**params.env)
        argv, cwd = self._argv(params), self._environment.workspace
        async with running(argv, cwd=cwd, env=environment, sink=sink) as command:
            try:
                async with asyncio.timeout(params.timeout):
                    code, late = await command.wait(), False
            except TimeoutError:
                code, late = TIMED_OUT, True
        return ExecEvent(event="exit", exit_code=code, timed_out=late)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """A command that somebody else runs in here; it is one of those that may run."""
        self._enter()
        try:
            yield
        finally:
            self._running -= 1

    def _argv(self, params: ExecParams) -> list[str]:
        if isinstance(params.command, str):
            return [self._environment.shell(), "-c", params.command]
        return params.command

    def _enter(self) -> None:
        if self._running >= MOST_COMMANDS:
            raise LimitReached(f"{MOST_COMMANDS} commands are running in this sandbox. Wait for one to end.")
        self._running += 1


def result_of(done: Finished) -> ExecResult:
    """What ended, as its caller is told."""
    return ExecResult(
        exit_code=done.code,
        stdout=done.out.decode(errors="replace"),
        stderr=done.err.decode(errors="replace"),
        timed_out=done.timed_out,
        truncated=done.truncated,
    )


async def _next(events: asyncio.Queue[ExecEvent], task: asyncio.Task[ExecEvent]) -> ExecEvent | None:
    """The next event; None when the command has ended and all were taken."""
    if events.empty() and not task.done():
        getter = asyncio.create_task(events.get())
        await asyncio.wait({getter, task}, return_when=asyncio.FIRST_COMPLETED)
        if getter.done():
            return getter.result()
        getter.cancel()
        await asyncio.gather(getter, return_exceptions=True)
    return None if events.empty() else events.get_nowait()
