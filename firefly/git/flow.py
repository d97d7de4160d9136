"""Bytes into git and out of it, with a limit on silence and on the whole."""

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine
from typing import TypeVar

from ..errors import TimedOut

T = TypeVar("T")

PIECE = 1 << 16
LONGEST = 3600.0
STALLED = 120.0


class Flow:
    """One process's standard input and output; bytes on either are signs of life."""

    def __init__(self, process: Process, *, longest: float = LONGEST, stalled: float = STALLED) -> None:
        self._process = process
        self._stalled = stalled
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + longest
        self._alive = self._loop.time()

    async def pump(self, body: AsyncIterator[bytes]) -> None:
        """Everything into standard input, then its end; git may stop listening when it has heard enough."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                async for piece in body:
                    self._alive = self._loop.time()
                    stdin.write(piece)
                    await stdin.drain()
        finally:
            # Also where `body` failed: git would wait for the rest.
            stdin.close()

    async def output(self) -> AsyncIterator[bytes]:
        """Standard output to its end. Raises TimedOut when both sides are silent, or it takes an hour."""
        stdout = self._process.stdout
        assert stdout is not None
        while True:
            try:
                async with asyncio.timeout(self._stalled / 4):
                    piece = await stdout.read(PIECE)
            except TimeoutError as error:
                now = self._loop.time()
                if now > self._ends or now - self._alive > self._stalled:
                    raise TimedOut("git took too long.") from error
                continue
            if not piece:
                return
            self._alive = self._loop.time()
            yield piece


@contextlib.asynccontextmanager
async def background(work: Coroutine[object, object, T]) -> AsyncIterator["asyncio.Task[T]"]:
    """A task that lives no longer than the block. For use around `yield`, where a TaskGroup must not be."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
