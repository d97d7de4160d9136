"""Sandboxes started ahead, each with an empty workspace, so that a new project opens at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from .backend import Instance

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 120.0


@dataclass(frozen=True, slots=True)
class PreparedWorkspace:
    """An empty workspace, taken from the pool, whose bridge answers."""

    workspace_id: UUID
    instance: Instance


class Pool:
    """`make` starts one, `discard` ends one and deletes its workspace."""

    def __init__(
        self,
        size: int,
        *,
        make: Callable[[], Awaitable[PreparedWorkspace]],
        discard: Callable[[PreparedWorkspace], Awaitable[None]],
    ) -> None:
        self._size = size
        self._make = make
        self._discard = discard
        self._ready: deque[PreparedWorkspace] = deque()
        self._wake = asyncio.Event()
        self._paused = False
        self._filler: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._filler = asyncio.create_task(self._fill(), name="sandbox-pool")

    async def close(self) -> None:
        if self._filler is not None:
            self._filler.cancel()
            await asyncio.wait([self._filler])

    def abandon(self) -> None:
        """Leave all, as they are, to whoever finds them."""
        self._ready.clear()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, prepared: PreparedWorkspace) -> None:
        self._ready.append(prepared)

    def take(self) -> PreparedWorkspace | None:
        """The oldest one; another is started in its place."""
        self._wake.set()
        return self._ready.popleft() if self._ready else None

    def forget(self, instance: Instance) -> PreparedWorkspace | None:
        """Remove one that has ended by itself."""
        found = next((one for one in self._ready if one.instance is instance), None)
        if found is not None:
            self._ready.remove(found)
            self._wake.set()
        return found

    async def pause(self) -> None:
        """Give the memory back: discard all, start none until `resume`."""
        self._paused = True
        while self._ready:
            await self._discard(self._ready.popleft())

    def resume(self) -> None:
        self._paused = False
        self._wake.set()

    async def _fill(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._wake.clear()
            try:
                while len(self._ready) < self._size and not self._paused:
                    self._ready.append(await self._make())
                pause = FIRST_PAUSE
                await self._wake.wait()
            # Whatever it is, a full disk for one: the next may succeed.
            except Exception as error:
                log.warning("sandbox.not_prepared", reason=repr(error), retry_after=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
