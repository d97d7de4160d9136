"""Tasks with an owner: whoever holds the set ends them, and none fails unseen."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from firefly.errors import FireflyError

log = structlog.get_logger()
T = TypeVar("T")


class Tasks:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: "Coroutine[Any, Any, T]", name: str) -> "asyncio.Task[T]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, FireflyError):
            log.error("sandbox.task_failed", task=task.get_name(), reason=repr(error))

    async def finish(self, work: "Coroutine[Any, Any, T]", name: str) -> T:
        """Run `work` to its end, also when whoever waits here is cancelled: for what must not stop half-way."""
        return await asyncio.shield(self.start(work, name))

    async def settled(self, *kinds: str) -> None:
        """Wait until no task is left whose name begins with one of `kinds`."""
        while waiting := [task for task in self._tasks if task.get_name().startswith(kinds)]:
            await asyncio.wait(waiting)

    async def close(self) -> None:
        """Cancel all and wait for their end."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
