"""One image: its context sent to the engine, what it prints written as steps, its id, or why there is none."""

import asyncio
import contextlib
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from firefly.builds.model import Failure
from firefly.builds.seams import BuildLog
from firefly.errors import Unavailable

from .client import Client
from .explaining import STEP, explain
from .progress import Begun, Event, Failed, Fetched, Kept, Printed, Progress
from .recipe import Recipe, refusal

PIECE = 1 << 16
_AWAY = re.compile(r"cannot connect to the docker daemon|error during connect", re.IGNORECASE)
TOLD = "image"


class ImageFailed(Exception):
    """No image came of it; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


class Events:
    """What the command prints, one event after another; one may be put back."""

    def __init__(self, stream: StreamReader, progress: Progress, *, fetches: bool) -> None:
        self._following = _follow(stream, progress, fetches=fetches)
        self._back: Event | None = None

    async def next(self) -> Event | None:
        """None at the end."""
        event, self._back = self._back, None
        return event or await anext(self._following, None)

    def put_back(self, event: Event) -> None:
        self._back = event


async def _follow(stream: StreamReader, progress: Progress, *, fetches: bool) -> AsyncIterator[Event]:
    """Raises ImageFailed for an ADD that only an image's own ONBUILD can still have asked for."""
    while data := await stream.read(PIECE):
        for event in progress.feed(data):
            if not isinstance(event, Fetched):
                yield event
            elif not fetches:
                raise ImageFailed(Failure(STEP, refusal(event.address)))
    for event in progress.end():
        if not isinstance(event, Fetched):
            yield event


async def build(
    client: Client, recipe: Recipe, context: AsyncGenerator[bytes, None], log: BuildLog, *, folder: Path,
    memory: int = 0,
) -> str:  # fmt: skip
    """The id of the image, `sha256:…`. `folder` is one for what the command writes.

    `memory`: bytes that whatever is built has together; 0: as there is.

    Cancelled, it leaves nothing that runs. Raises ImageFailed, InvalidInput, Unavailable where the engine is away, and
    what the context raises.
    """
    told, progress = folder / TOLD, Progress()
    async with client.building(recipe.arguments(told)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sending = asyncio.create_task(_send(process.stdin, context))
        try:
            await _write(Events(process.stdout, progress, fetches=recipe.fetches), log)
            status = await process.wait()
        finally:
            sending.cancel()
            (sent,) = await asyncio.gather(sending, return_exceptions=True)
    if isinstance(sent, Exception):
        raise sent
    if status != 0 and progress.failed is None and _AWAY.search(progress.last):
        raise Unavailable(f"The Docker engine does not answer: {progress.last}")
    if status != 0:
        raise ImageFailed(explain(progress, status, memory))
    return (await asyncio.to_thread(told.read_text)).strip()


async def _send(stdin: StreamWriter, context: AsyncGenerator[bytes, None]) -> None:
    """The command may have heard enough before the end."""
    async with contextlib.aclosing(context):
        try:
            async for piece in context:
                stdin.write(piece)
                await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            stdin.close()


async def _write(events: Events, log: BuildLog) -> None:
    while (event := await events.next()) is not None:
        if isinstance(event, Begun):
            await _write_step(event, events, log)


async def _write_step(begun: Begun, events: Events, log: BuildLog) -> None:
    """What one instruction prints, until another begins or goes on."""
    async with log.step(STEP, begun.command) as step:
        while (event := await events.next()) is not None:
            match event:
                case Begun(number) if number != begun.number:
                    events.put_back(event)
                    return
                case Printed(_, text):
                    await step.write(text)
                case Kept():
                    step.skip("Kept from an earlier build.")
                case Failed(_, text, code):
                    if code is None:
                        await step.say(text)
                    step.exited(code or 1)
