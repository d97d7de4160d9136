"""Makes a checkpoint of every settled edit and sends it to the hosted repository, within five seconds."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.shadow.changes import Changes, sort
from firefly.bridge.shadow.copies import Copies
from firefly.bridge.shadow.delivery import Delivery
from firefly.bridge.shadow.pace import Pace
from firefly.bridge.shadow.references import References
from firefly.bridge.shadow.returning import take_back
from firefly.bridge.shadow.store import ShadowStore
from firefly.bridge.tasks import in_thread
from firefly.bridge.watcher import BATCH_SECONDS, Watcher
from firefly.bridge.workspace import REPOSITORY
from firefly.clock import Clock
from firefly.errors import FireflyError, Unavailable
from firefly.protocol.workspace import Refused, Restored, RestoreParams, ShadowStatus

PATIENCE = 8
log = structlog.get_logger()


class Flusher:
    def __init__(
        self, environment: Environment, watcher: Watcher, clock: Clock, *, store: ShadowStore, copies: Copies
    ) -> None:
        self._environment = environment
        self._watcher = watcher
        self._clock = clock
        self._store = store
        self._copies = copies
        self._references = References(environment.workspace / REPOSITORY, self._moved)
        self._pending = Changes()
        self._delivery = Delivery(store, environment.workspace_id)
        self._pace = Pace()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._refused: dict[str, Refused] = {}
        self._failures = 0
        self._error = ""
        self._at: datetime | None = None

    def begin(self) -> None:
        """From now on. What happened while no bridge looked is found by looking at everything, a little later."""
        if self._tasks or not (self._environment.gateway / "git.sock").exists():
            return
        self._pace.begin()
        self._note(Changes(everything=True))
        self._references.open()
        self._copies.begin()
        self._tasks = [
            asyncio.create_task(self._listen(), name="shadow-listen"),
            asyncio.create_task(self._work(), name="shadow-work"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._references.close()
        await self._copies.close()

    def status(self) -> ShadowStatus:
        return ShadowStatus(
            flushed=not (self._pending or self._lock.locked()) and self._copies.flushed,
            flushed_at=self._at,
            commit=self._delivery.commit,
            error=self._error or self._copies.error,
            refused=[*self._refused.values(), *self._copies.refused],
        )

    def busy(self) -> Iterable[str]:
        """Nothing stops while there is something to save; what cannot be saved keeps nothing from stopping for long."""
        if self._tasks and not self.status().flushed and self._failures < PATIENCE:
            yield "your latest edits are being saved"

    async def flush(self) -> ShadowStatus:
        """At once, all that there is; the status then says whether it succeeded."""
        if self._tasks:
            # What the watcher is about to tell is part of it.
            await asyncio.sleep(2 * BATCH_SECONDS)
            self._pending.everything = True
            await self._flush()
            await self._copies.flush()
        return self.status()

    async def take_back(self, params: RestoreParams) -> Restored:
        """Have files as they were at a checkpoint; what is there now is kept first.

        Raises Unavailable where that cannot be kept, or the checkpoint cannot be had.
        """
        status = await self.flush()
        if status.error or not self._tasks:
            raise Unavailable(status.error or "Checkpoints are not made yet. Try again in a moment.")
        async with self._lock:
            if await self._store.find(params.checkpoint) is None:
                await self._delivery.fetch()
            count = await take_back(self._store, self._environment.workspace, params.checkpoint, params.paths)
        await self.flush()
        return Restored(files=count, checkpoint=params.checkpoint, before=status.commit)

    async def flush_within(self, seconds: float) -> None:
        """Before the end: what is pending, as far as time allows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if self._tasks and not self.status().flushed:
                    await self._flush()
                    await self._copies.flush()

    def _moved(self) -> None:
        self._note(Changes(references=True))

    def _note(self, changes: Changes) -> None:
        self._pending.add(changes)
        self._pace.changed()
        self._wake.set()

    async def _listen(self) -> None:
        async with self._watcher.subscribe() as subscription:
            while True:
                batch = await subscription.next()
                self._references.look()
                self._note(Changes(set(batch.changes), everything=batch.missed))

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            await self._pace.due()
            await self._flush()

    async def _flush(self) -> None:
        async with self._lock:
            self._wake.clear()
            if not self._pending:
                # Somebody asked for it meanwhile.
                return
            self._pace.taken()
            taken, begun = self._pending.take(), time.monotonic()
            try:
                await self._checkpoint(taken)
            except asyncio.CancelledError:
                self._pending.add(taken)
                raise
            except (FireflyError, OSError) as error:
                await self._failed(error)
            else:
                self._failures, self._error, self._at = 0, "", self._clock.now()
                self._pace.saved(time.monotonic() - begun)

    async def _failed(self, error: FireflyError | OSError) -> None:
        """Everything is looked at again. That a file vanished is no harm, but what was borrowed may be gone."""
        self._failures += 1
        self._error = f"Your latest edits are not saved outside of the sandbox yet: {error}"
        log.warning("shadow.failed", error=str(error), failures=self._failures)
        if self._failures > 1 and not isinstance(error, Unavailable):
            await self._store.start_over()
        self._pace.failed(self._failures)
        self._note(Changes(everything=True))

    async def _checkpoint(self, changes: Changes) -> None:
        await self._store.prepare()
        await self._stage(changes)
        await self._delivery.deliver()

    async def _stage(self, changes: Changes) -> None:
        paths = set(await self._store.everything()) if changes.everything else changes.paths
        if changes.everything:
            self._refused.clear()
            self._copies.look()
        self._copies.configured(paths)
        if not paths:
            return
        found = await in_thread(sort, self._environment.workspace, paths)
        for path in paths:
            self._refused.pop(path, None)
        self._refused |= {refused.path: refused for refused in found.refused}
        ignored = await self._store.ignored([*found.present, *found.gone])
        await self._copies.note([*ignored, *found.nested])
        present = [path for path in found.present if path not in ignored]
        await self._store.stage(present, found.gone)
