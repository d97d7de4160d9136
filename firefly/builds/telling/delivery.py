"""Notices reach their listeners: each in its own time, in order for each build, again where it failed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from firefly.claims import carry_out

from ...bus import MISSED
from ...errors import DatabaseUnavailable
from ..queueing.records import TOPIC, Records, plain
from ..seams import Listener, Notice

log = structlog.get_logger()

LOOK_EVERY = 5.0
# Notices of one listener at one time; so many are taken up at once, and none of an owner who has as many under way.
AT_ONCE, EACH = 8, 4
# Seconds that a listener has for one notice, and that another replica waits beyond that.
LIMIT, MARGIN = 60.0, 30.0
FIRST_PAUSE, LONGEST_PAUSE, MOST_ATTEMPTS = 2.0, 3600.0, 10
FORGET_AFTER, FORGET_EVERY = timedelta(days=7), 3600.0
# Those of a listener that is no more, as when e-mail was switched off.
NOBODY_AFTER = timedelta(days=30)
_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Due:
    id: int
    build_id: UUID
    kind: str
    data: Mapping[str, Any]
    attempt: int
    owner_id: UUID


class Delivery:
    """`limits` are of listeners that need longer than a minute."""

    def __init__(self, records: Records, *, limits: Mapping[str, float] | None = None) -> None:
        self._records = records
        self._queries = records.queries
        self._limits = dict(limits or {})
        self._wakes: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Until cancelled."""
        bus, listeners = self._records.bus, self._records.notices.listeners
        async with bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            for listener in listeners.values():
                self._wakes[listener.name] = asyncio.Event()
                tasks.create_task(self._serve(listener), name=f"notices for {listener.name}")
            tasks.create_task(self._forget_for_ever())
            async for event in subscription:
                subscription.missed = False
                if event.kind in ("build.noticed", MISSED):
                    for wake in self._wakes.values():
                        wake.set()

    async def _serve(self, listener: Listener) -> None:
        """Whoever hangs keeps up none but his own listener, and that only in part.

        Whom a listener tells may be an owner's own, and take his time: others' turns are not his.
        """
        await carry_out(
            partial(self._claimed, listener),
            partial(self._deliver, listener),
            owner=lambda due: due.owner_id,
            wake=self._wakes[listener.name],
            at_once=AT_ONCE,
            each=EACH,
            look_every=LOOK_EVERY,
        )

    async def _claimed(self, listener: Listener, most: int, busy: Sequence[UUID]) -> list[Due]:
        try:
            async with self._records.database.connection() as connection:
                lease = timedelta(seconds=self._limit(listener) + MARGIN)
                rows = self._queries.claim_notices(
                    connection, listener=listener.name, lease=lease, most=most, busy=list(busy)
                )
                return [Due(**{name: plain(value) for name, value in row.items()}) async for row in rows]
        except DatabaseUnavailable as error:
            log.warning("notices.not_claimed", listener=listener.name, reason=error.detail)
        # Whatever it is: it is looked again.
        except Exception:
            log.exception("notices.not_claimed", listener=listener.name)
        return []

    def _limit(self, listener: Listener) -> float:
        return self._limits.get(listener.name, LIMIT)

    async def _deliver(self, listener: Listener, due: Due) -> None:
        error = await self._heed(listener, due)
        try:
            async with self._records.database.connection() as connection:
                if not error or due.attempt >= MOST_ATTEMPTS:
                    now = self._records.clock.now()
                    await self._queries.end_notice(connection, id=due.id, now=now, error=error)
                else:
                    pause = timedelta(seconds=min(FIRST_PAUSE * 4 ** (due.attempt - 1), LONGEST_PAUSE))
                    await self._queries.postpone_notice(connection, id=due.id, pause=pause, error=error)
        # It comes again when its lease is over.
        except Exception as error:
            log.warning("notice.not_noted", listener=listener.name, notice=due.id, reason=repr(error))

    async def _heed(self, listener: Listener, due: Due) -> str:
        """What went wrong, or nothing."""
        try:
            async with asyncio.timeout(self._limit(listener)):
                build = await self._records.find(due.build_id)
                if build is not None:
                    await listener.heed(Notice(build, due.kind, due.data, due.attempt))
        # A listener is anybody's; what it raises is its own affair.
        except Exception as error:
            reason = (str(error) or type(error).__name__)[:_LONGEST_ERROR]
            log.warning("notice.not_heeded", listener=listener.name, kind=due.kind, reason=reason)
            return reason
        return ""

    async def _forget_for_ever(self) -> None:
        while True:
            try:
                async with self._records.database.connection() as connection:
                    now = self._records.clock.now()
                    await self._queries.forget_notices(
                        connection, before=now - FORGET_AFTER, forgotten=now - NOBODY_AFTER
                    )
            except Exception:
                log.exception("notices.not_forgotten")
            await asyncio.sleep(FORGET_EVERY)
