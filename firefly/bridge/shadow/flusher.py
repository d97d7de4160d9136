"""Makes a checkpoint of every settled edit and sends it to the hosted repository, within five seconds."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.shadow import checkpoint
from firefly.bridge.shadow.changes import Changes, sort
from firefly.bridge.shadow.copies import Copies
from firefly.bridge.shadow.references import References
from firefly.bridge.shadow.returning import take_back
from firefly.bridge.shadow.store import Head, ShadowStore
from firefly.bridge.tasks import in_thread
from firefly.bridge.watcher import BATCH_SECONDS, Watcher
from firefly.bridge.workspace import REPOSITORY
from firefly.clock import Clock
from firefly.errors import FireflyError, Unavailable
from firefly.protocol.workspace import Refused, Restored, RestoreParams, ShadowStatus

# An edit has settled after so long a silence; one that never does is taken as it is. First: a start has other work.
QUIET, LONGEST, FIRST = 0.8, 2.5, 2.5
# Of the time, at most a third goes into checkpoints.
SHARE, LONGEST_PAUSE = 2.0, 60.0
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
TIDY_EVERY = 300
SEND_LIMIT = 100.0
PATIENCE = 8
ADDRESS = "firefly::shadow"
_TRIES = 3
_BEHIND = ("(fetch first)", "(non-fast-forward)", "(stale info)")
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
        self._since: float | None = None
        self._last = 0.0
        self._not_before = 0.0
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._done: tuple[str, str, Head] | None = None
        self._refused: dict[str, Refused] = {}
        self._failures = 0
        self._sent = 0
        self._error = ""
        self._at: datetime | None = None

    def begin(self) -> None:
        """From now on. What happened while no bridge looked is found by looking at everything, a little later."""
        if self._tasks or not (self._environment.gateway / "git.sock").exists():
            return
        self._not_before = time.monotonic() + FIRST
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
            commit=self._done[1] if self._done else None,
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
                own = f"{checkpoint.ROOT}/{self._environment.workspace_id}/*"
                await self._store.must("fetch", "--quiet", "--no-tags", ADDRESS, f"+{own}:{own}", timeout=SEND_LIMIT)
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
        self._last = time.monotonic()
        self._since = self._since or self._last
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
            await self._settled()
            await self._flush()

    async def _settled(self) -> None:
        """Return when nothing has happened for a while, or something has gone on for long, once the pause is over."""
        rest = self._rest()
        while rest > 0:
            await asyncio.sleep(max(rest, BATCH_SECONDS))
            rest = self._rest()

    def _rest(self) -> float:
        due = min(self._last + QUIET, (self._since or self._last) + LONGEST)
        return max(due, self._not_before) - time.monotonic()

    async def _flush(self) -> None:
        async with self._lock:
            self._wake.clear()
            if not self._pending:
                # Somebody asked for it meanwhile.
                return
            self._since = None
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
                now = time.monotonic()
                self._not_before = now + min((now - begun) * SHARE, LONGEST_PAUSE)

    async def _failed(self, error: FireflyError | OSError) -> None:
        """Everything is looked at again. That a file vanished is no harm, but what was borrowed may be gone."""
        self._failures += 1
        self._error = f"Your latest edits are not saved outside of the sandbox yet: {error}"
        log.warning("shadow.failed", error=str(error), failures=self._failures)
        if self._failures > 1 and not isinstance(error, Unavailable):
            await self._store.start_over()
        pause = min(FIRST_RETRY * 2 ** (self._failures - 1), LONGEST_RETRY)
        self._not_before = time.monotonic() + pause
        self._note(Changes(everything=True))

    async def _checkpoint(self, changes: Changes) -> None:
        await self._store.prepare()
        await self._stage(changes)
        tree, head = await self._store.write_tree(), await self._store.user_head()
        if self._done is not None and (self._done[0], self._done[2]) == (tree, head):
            return
        reference = checkpoint.reference(self._environment.workspace_id, head)
        if not await self._is_needed(tree, head, reference):
            return
        commit = await self._send(tree, head, reference)
        self._done = (tree, commit, head)
        self._sent += 1
        if self._sent % TIDY_EVERY == 0:
            await self._store.tidy()

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

    async def _is_needed(self, tree: str, head: Head, reference: str) -> bool:
        """Not for what the hosted repository has anyhow, nor for what is the newest checkpoint already."""
        if (last := await self._store.find(reference)) is not None:
            same = await self._store.tree_of(last) == tree and await self._head_of(last) == head
            if same and self._done is None:
                self._done = (tree, last, head)
            return not same
        if head.commit is None or await self._store.tree_of(head.commit) != tree:
            return True
        return self._done is not None or not await self._store.is_hosted(head)

    async def _head_of(self, commit: str) -> Head:
        return checkpoint.read((await self._store.must("show", "-s", "--format=%B", commit)).text)

    async def _send(self, tree: str, head: Head, reference: str) -> str:
        """The new checkpoint. One that somebody else made meanwhile, or that was thinned out, becomes its parent."""
        for _ in range(_TRIES):
            parents = [parent for parent in (await self._store.find(reference), head.commit) if parent]
            commit = await self._store.commit(tree, checkpoint.message(head), parents)
            done = await self._store.git(
                "push", "--quiet", "--no-verify", ADDRESS, f"{commit}:{reference}", timeout=SEND_LIMIT
            )
            if done.code == 0:
                await self._store.set(reference, commit)
                return commit
            if not any(word in done.error_text for word in _BEHIND):
                raise Unavailable(_last_words(done.error_text))
            await self._store.must("fetch", "--quiet", "--no-tags", ADDRESS, f"+{reference}:{reference}")
        raise Unavailable("The hosted repository changes all the time.")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chosen = next((line for line in lines if line.startswith("firefly: ")), lines[-1] if lines else "no answer")
    return chosen.removeprefix("firefly: ")[:300]
