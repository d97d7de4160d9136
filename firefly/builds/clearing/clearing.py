"""Clears away part by part: by itself for as long as the server runs, and one when it is asked for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError, NotFound
from firefly.store import Database, load_queries

from .part import Cleared, Part

log = structlog.get_logger()

EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Of one part, over all servers and times; None: never yet. `failure`: why it went wrong the last time."""

    part: str
    every: timedelta
    swept_at: datetime | None = None
    removed_at: datetime | None = None
    removed: int = 0
    bytes: int = 0
    failure: str = ""


class Clearing:
    """Each server clears for itself; what one has removed the others do not find."""

    def __init__(self, database: Database, clock: Clock, parts: Sequence[Part]) -> None:
        self._database = database
        self._clock = clock
        self._parts = {part.name: part for part in parts}
        self._next = dict.fromkeys(self._parts, clock.now())
        self._queries: Any = load_queries("clearing")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(EVERY)

    async def sweep(self) -> None:
        """Clear those parts whose time has come. Whatever goes wrong with one, the others are cleared."""
        for part in self._parts.values():
            if self._clock.now() < self._next[part.name]:
                continue
            self._next[part.name] = self._clock.now() + part.every
            try:
                await self._clear(part)
            except Exception as error:
                log.warning("builds.not_cleared", part=part.name, reason=repr(error))

    async def clear(self, name: str, *, dry: bool) -> Cleared:
        """One part, now. Raises NotFound for a name that is none's, and what goes wrong with it."""
        part = self._parts.get(name)
        if part is None:
            raise NotFound(f"Nothing of this name is cleared away; there are {', '.join(self._parts)}.")
        return await part.clear(dry=True) if dry else await self._clear(part)

    async def accounts(self) -> list[Account]:
        async with self._database.connection() as connection:
            rows = {row["part"]: row async for row in self._queries.clearings(connection)}
        return [Account(**{"part": name, **rows.get(name, {})}, every=part.every) for name, part in self._parts.items()]

    async def _clear(self, part: Part) -> Cleared:
        try:
            cleared = await part.clear(dry=False)
        except Exception as error:
            reason = error.detail if isinstance(error, FireflyError) else repr(error)
            await self._note(part, Cleared(), reason[:1000])
            raise
        if cleared.count:
            log.info("builds.cleared", part=part.name, count=cleared.count, bytes=cleared.bytes)
        await self._note(part, cleared, "")
        return cleared

    async def _note(self, part: Part, cleared: Cleared, failure: str) -> None:
        async with self._database.connection() as connection:
            await self._queries.note_clearing(
                connection, part=part.name, removed=cleared.count, bytes=cleared.bytes, now=self._clock.now(),
                failure=failure,
            )  # fmt: skip
