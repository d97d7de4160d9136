"""Calls hooks: each in order, again with growing pauses where it failed; one that is gone is left alone."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from firefly.claims import carry_out

from ...bus import MISSED
from ...errors import DatabaseUnavailable, FireflyError
from ...store import Connection
from ..queueing.records import TOPIC, plain
from .posting import Posted, Posting
from .records import WAKE, HookRecords

log = structlog.get_logger()

# Calls at one time; so many are taken up at once, and none of an owner who has as many under way.
LOOK_EVERY, AT_ONCE, EACH = 10.0, 16, 4
LEASE = timedelta(seconds=60)
# Seconds after each failure but the last.
PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0)
# Calls in a row that failed to their end; who answers 410 says himself that nobody is there.
MOST_FAILURES, GONE = 10, 410
KEPT, FORGET_EVERY = timedelta(days=30), 3600.0
OFF = f"Its last {MOST_FAILURES} calls failed. Switch it on again when it answers."


class Sending:
    def __init__(self, records: HookRecords, posting: Posting) -> None:
        self._records = records
        self._queries = records.queries
        self._posting = posting
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with self._records.bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_for_ever())
                tasks.create_task(self._forget_for_ever())
                async for event in subscription:
                    subscription.missed = False
                    if event.kind in (WAKE, MISSED):
                        self._wake.set()
        finally:
            await self._posting.close()

    async def _send_for_ever(self) -> None:
        await carry_out(
            self._claimed,
            self._send,
            owner=lambda row: plain(row["owner_id"]),
            wake=self._wake,
            at_once=AT_ONCE,
            each=EACH,
            look_every=LOOK_EVERY,
        )

    async def _claimed(self, most: int, busy: Sequence[UUID]) -> list[Mapping[str, Any]]:
        now = self._records.clock.now()
        try:
            async with self._records.database.connection() as connection:
                rows = self._queries.claim_deliveries(
                    connection, now=now, until=now + LEASE, most=most, busy=list(busy)
                )
                return [dict(row) async for row in rows]
        except DatabaseUnavailable as error:
            log.warning("hooks.not_called", reason=error.detail)
        # Whatever it is: it is looked again.
        except Exception:
            log.exception("hooks.not_called")
        return []

    async def _send(self, row: Mapping[str, Any]) -> None:
        try:
            posted = await self._post(row)
            async with self._records.database.transaction() as connection:
                await self._note(row, posted, connection)
        # It comes again when its lease is over.
        except Exception as error:
            log.warning("hook.not_noted", delivery=str(row["id"]), reason=repr(error))

    async def _post(self, row: Mapping[str, Any]) -> Posted:
        if not row["active"]:
            return Posted(None, "The hook is switched off.")
        try:
            way = self._records.open(plain(row["hook_id"]), row["sealed"])
        except FireflyError as error:
            return Posted(None, error.detail)
        return await self._posting.post(
            way, delivery=str(row["id"]), event=row["event"], body=row["body"].encode(),
            at=int(self._records.clock.time()),
        )  # fmt: skip

    async def _note(self, row: Mapping[str, Any], posted: Posted, connection: Connection) -> None:
        now, over = self._records.clock.now(), row["attempts"] > len(PAUSES) or not row["active"]
        said: dict[str, Any] = {"status": posted.status, "reason": posted.reason, "answer": posted.answer}
        if posted.delivered or over or posted.status == GONE:
            await self._records.end(
                plain(row["id"]), delivered=posted.delivered, **said, now=now, connection=connection
            )
            await self._judge(row, posted, connection)
        else:
            pause = timedelta(seconds=PAUSES[row["attempts"] - 1])
            await self._queries.postpone_delivery(connection, id=row["id"], **said, due_at=now + pause)

    async def _judge(self, row: Mapping[str, Any], posted: Posted, connection: Connection) -> None:
        """Whether the hook is to be called at all any more."""
        if posted.delivered:
            await self._queries.forget_failures(connection, id=row["hook_id"])
        elif row["active"]:
            failures = await self._queries.count_failure(connection, id=row["hook_id"])
            if posted.status == GONE or failures >= MOST_FAILURES:
                reason = "It says that it is gone." if posted.status == GONE else OFF
                await self._queries.set_active(connection, id=row["hook_id"], active=False, reason=reason)

    async def _forget_for_ever(self) -> None:
        while True:
            try:
                async with self._records.database.connection() as connection:
                    await self._queries.forget_deliveries(connection, before=self._records.clock.now() - KEPT)
            except Exception:
                log.exception("deliveries.not_forgotten")
            await asyncio.sleep(FORGET_EVERY)
