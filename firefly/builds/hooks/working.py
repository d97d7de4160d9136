"""Deliveries are handled: one after another in each project, again later where something was away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from firefly.waiting import happens

from ...errors import DatabaseUnavailable, FireflyError, Forbidden, NotFound
from ...git import GitFailed
from ...git.flow import background
from .deliveries import LEASE, Deliveries, DeliveryState, HookDelivery
from .handling import Handling

log = structlog.get_logger()

LOOK_EVERY, FORGET_EVERY = 5.0, 3600.0
MOST_ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 900.0
# A large repository takes its time.
LIMIT, BEAT = 1800.0, LEASE.total_seconds() / 3
# Trying again helps with neither; a name that the DNS does not know just now is another matter.
FINAL = (Forbidden, NotFound)


class HookWorker:
    """`at_once`: how many it handles at one time, of different projects, and never all of one owner's.

    Whoever has a provider of his own may have it answer slowly.
    """

    def __init__(self, deliveries: Deliveries, handling: Handling, *, at_once: int) -> None:
        self._deliveries = deliveries
        self._handling = handling
        self._at_once = at_once
        self._each = max(1, at_once - 1)
        self._claiming = asyncio.Lock()
        self._owners: Counter[UUID] = Counter()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._at_once):
                tasks.create_task(self._work())
            tasks.create_task(self._forget_for_ever())

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            if not await self._try_step():
                await happens(self._wake, LOOK_EVERY)

    async def _try_step(self) -> bool:
        try:
            return await self.step()
        except DatabaseUnavailable:
            return False
        # Whatever the database says, one that answers too late for one: the server serves on, and looks again.
        except Exception:
            log.exception("hooks.not_handled")
            return False

    async def step(self) -> bool:
        """Handle the next; whether there was one."""
        async with self._claimed() as delivery:
            if delivery is not None:
                await self._handle(delivery)
            return delivery is not None

    @asynccontextmanager
    async def _claimed(self) -> AsyncIterator[HookDelivery | None]:
        async with self._claiming:
            busy = [owner_id for owner_id, count in self._owners.items() if count >= self._each]
            found = await self._deliveries.claim(busy)
            delivery, owner_id = found or (None, None)
            if owner_id is not None:
                self._owners[owner_id] += 1
        try:
            yield delivery
        finally:
            if owner_id is not None:
                self._owners[owner_id] -= 1
                self._owners += Counter()

    async def _handle(self, delivery: HookDelivery) -> None:
        try:
            async with asyncio.timeout(LIMIT), background(self._beat(delivery)):
                state, told = await self._handling.handle(delivery)
            await self._deliveries.settle(delivery, state, told)
        except FINAL as error:
            await self._failed(delivery, error.detail)
        except (FireflyError, GitFailed, OSError, TimeoutError) as error:
            await self._again(delivery, error)
        # One that nobody foresaw must not keep the others waiting.
        except Exception:
            log.exception("hook.failed", id=str(delivery.id))
            await self._failed(delivery, "Firefly met a fault that it did not expect; its log names it.")

    async def _beat(self, delivery: HookDelivery) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._deliveries.hold(delivery)
            except Exception as error:
                log.warning("hook.not_held", id=str(delivery.id), reason=repr(error))

    async def _again(self, delivery: HookDelivery, error: Exception) -> None:
        reason = getattr(error, "detail", None) or str(error) or type(error).__name__
        if delivery.attempts >= MOST_ATTEMPTS:
            return await self._failed(delivery, reason)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (delivery.attempts - 1))
        asked = getattr(error, "retry_after", None)
        await self._deliveries.put_off(delivery, max(pause, min(asked or 0.0, LONGEST_PAUSE)), reason)

    async def _failed(self, delivery: HookDelivery, reason: str) -> None:
        log.warning("hook.not_handled", id=str(delivery.id), project_id=str(delivery.project_id), reason=reason)
        await self._deliveries.settle(delivery, DeliveryState.FAILED, reason)

    async def _forget_for_ever(self) -> None:
        while True:
            try:
                await self._deliveries.forget()
            except Exception as error:
                log.warning("hooks.not_forgotten", reason=repr(error))
            await asyncio.sleep(FORGET_EVERY)
