"""Logs as they grow, to any number of viewers: each reads at its own pace, and keeps nobody else waiting."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from uuid import UUID

from ...bus import MISSED, Bus
from .encoding import BEAT, Encoded
from .follower import Follower
from .records import TOPIC, LogRecords

HEARTBEAT = 15.0
# Bytes that one viewer is handed at a time, and all of this server together in a second.
LARGEST_PART = 256 << 10
PACE = 8 << 20
BURST = 0.25


class Following:
    def __init__(self, records: LogRecords, bus: Bus) -> None:
        self._records = records
        self._bus = bus
        self._followers: dict[UUID, tuple[Follower, asyncio.Task[None]]] = {}
        self._free_at = 0.0

    @property
    def viewers(self) -> int:
        return sum(follower.viewers for follower, _ in self._followers.values())

    async def run(self) -> None:
        """Hear of what is written, on whichever server, until cancelled."""
        async with aclosing(self._bus.hear(TOPIC)) as events:
            async for event in events:
                if event.kind == MISSED:
                    self._look_at_all()
                elif known := self._followers.get(UUID(str(event.data["build_id"]))):
                    known[0].heed(str(event.data["what"]))

    def _look_at_all(self) -> None:
        for follower, _ in self._followers.values():
            for what in ("lines", "steps", "end"):
                follower.heed(what)

    async def follow(self, build_id: UUID, after: int) -> AsyncGenerator[bytes, None]:
        """The lines behind `after`, the steps as they change, and the end, as Server-Sent Events; a beat in silence."""
        async with self._joined(build_id) as follower:
            await follower.opened()
            changes = 0
            for position in sorted(follower.steps):
                yield follower.steps[position]
            changes = len(follower.changes)
            while True:
                grown = follower.grown
                for position in follower.changes[changes:]:
                    yield follower.steps[position]
                changes = len(follower.changes)
                lines = follower.after(after)
                if lines is None:
                    lines = await follower.stored(after)
                if lines:
                    part = _part(lines)
                    after = part.last
                    await self._turn(len(part.data))
                    yield part.data
                elif follower.end is not None:
                    yield follower.end
                    return
                elif not await _happened(grown):
                    yield BEAT

    @asynccontextmanager
    async def _joined(self, build_id: UUID) -> AsyncIterator[Follower]:
        follower, task = self._followers.get(build_id) or self._begin(build_id)
        follower.viewers += 1
        try:
            yield follower
        finally:
            follower.viewers -= 1
            if not follower.viewers:
                if self._followers.get(build_id) == (follower, task):
                    del self._followers[build_id]
                task.cancel()
                await asyncio.wait({task})

    def _begin(self, build_id: UUID) -> tuple[Follower, "asyncio.Task[None]"]:
        follower = Follower(self._records, build_id)
        task = asyncio.create_task(follower.run(), name=f"follower of build {build_id}")
        self._followers[build_id] = follower, task
        return follower, task

    async def _turn(self, size: int) -> None:
        """Wait while more is handed out than the server has time for."""
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + size / PACE
        if self._free_at - now > BURST:
            await asyncio.sleep(self._free_at - now - BURST)


def _part(lines: list[Encoded]) -> Encoded:
    """As many of them as go out at a time."""
    taken, size = [], 0
    for encoded in lines:
        taken.append(encoded)
        size += len(encoded.data)
        if size >= LARGEST_PART:
            break
    if len(taken) == 1:
        return taken[0]
    return Encoded(taken[0].first, taken[-1].last, b"".join(encoded.data for encoded in taken))


async def _happened(event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(HEARTBEAT):
            await event.wait()
    return event.is_set()
