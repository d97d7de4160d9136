"""What changes in the workspace, in batches, without what nobody edits (node_modules, .git, caches)."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from firefly.bridge.inotify import Inotify, Mask, RawEvent
from firefly.protocol.files import ChangeType

HEAVY = frozenset(
    {
        *(".git", ".hg", ".svn", ".firefly", "node_modules", ".venv", "venv", "__pycache__", ".mypy_cache"),
        *(".pytest_cache", ".ruff_cache", ".tox", ".cache", ".next", ".nuxt", ".svelte-kit", ".parcel-cache"),
        *(".turbo", ".vite"),
    }
)
BATCH_SECONDS = 0.05
MOST_CHANGES = 2000
MOST_BATCHES = 64
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths and what happened to them; `missed` when more happened than is told."""

    changes: Mapping[str, ChangeType]
    missed: bool = False


@dataclass
class Subscription:
    """Iterate over it for batches; one who is too slow gets a batch that says so instead of those left out."""

    queue: asyncio.Queue[Batch] = field(default_factory=lambda: asyncio.Queue(MOST_BATCHES))
    missed: bool = False

    def offer(self, batch: Batch) -> None:
        if self.queue.full():
            self.missed = True
        else:
            self.queue.put_nowait(Batch(batch.changes, batch.missed or self.missed))
            self.missed = False

    async def next(self) -> Batch:
        batch = await self.queue.get()
        if self.missed and self.queue.empty():
            self.missed = False
            return Batch(batch.changes, missed=True)
        return batch

    def clear(self) -> None:
        """Forget what has happened until now."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.missed = False


class Watcher:
    """Watches while somebody is subscribed."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._inotify: Inotify | None = None
        self._paths: dict[int, str] = {}
        self._subscriptions: list[Subscription] = []
        self._pending: dict[str, ChangeType] = {}
        # Of those, what was moved in: it may have replaced something that was there before.
        self._moved_in: set[str] = set()
        self._missed = False
        self._timer: asyncio.TimerHandle | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        subscription = Subscription()
        self._subscriptions.append(subscription)
        try:
            async with self._starting:
                if self._inotify is None:
                    await self._start()
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            if not self._subscriptions:
                self._stop()

    async def _start(self) -> None:
        inotify = Inotify()
        try:
            await asyncio.to_thread(self._add_tree, inotify, "", None)
        except BaseException:
            inotify.close()
            raise
        self._inotify = inotify
        asyncio.get_running_loop().add_reader(inotify.descriptor, self._readable)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._inotify:
            asyncio.get_running_loop().remove_reader(self._inotify.descriptor)
            self._inotify.close()
            self._inotify = None
        self._paths.clear()
        self._pending.clear()
        self._moved_in.clear()
        self._missed = False

    def _add_tree(self, inotify: Inotify, path: str, found: list[str] | None) -> None:
        """Watch `path` and what is below it; the names met on the way go to `found`."""
        waiting = [path]
        while waiting:
            current = waiting.pop()
            whole = os.path.join(self._root, current) if current else self._root
            if not self._add(inotify, whole, current):
                continue
            for name, is_folder in _entries(whole):
                below = f"{current}/{name}" if current else name
                if name in HEAVY:
                    continue
                if found is not None:
                    found.append(below)
                if is_folder:
                    waiting.append(below)

    def _add(self, inotify: Inotify, whole: str, path: str) -> bool:
        try:
            watch = inotify.add(whole)
        except OSError as error:
            log.warning("watcher.limit_reached", path=path, error=str(error))
            return False
        if watch is not None:
            self._paths[watch] = path
        return watch is not None

    def _readable(self) -> None:
        if self._inotify is None:
            return
        for event in self._inotify.read():
            self._take(self._inotify, event)
        if (self._pending or self._missed) and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(BATCH_SECONDS, self._flush)

    def _take(self, inotify: Inotify, event: RawEvent) -> None:
        if event.mask & Mask.OVERFLOW:
            self._missed = True
            self._add_tree(inotify, "", None)
            return
        if event.mask & Mask.IGNORED:
            self._paths.pop(event.watch, None)
            return
        folder = self._paths.get(event.watch)
        if folder is None or not event.name or event.name in HEAVY:
            return
        path = f"{folder}/{event.name}" if folder else event.name
        if event.mask & (Mask.CREATE | Mask.MOVED_TO):
            if event.mask & Mask.MOVED_TO:
                self._moved_in.add(path)
            self._appeared(inotify, path, is_folder=bool(event.mask & Mask.ISDIR))
        elif event.mask & (Mask.DELETE | Mask.MOVED_FROM):
            self._vanished(inotify, path, is_folder=bool(event.mask & Mask.ISDIR))
        else:
            self._note(path, ChangeType.MODIFIED)

    def _appeared(self, inotify: Inotify, path: str, *, is_folder: bool) -> None:
        self._note(path, ChangeType.ADDED)
        if is_folder:
            found: list[str] = []
            self._add_tree(inotify, path, found)
            for below in found:
                self._note(below, ChangeType.ADDED)

    def _vanished(self, inotify: Inotify, path: str, *, is_folder: bool) -> None:
        if path in self._moved_in:
            self._pending.pop(path, None)
        self._note(path, ChangeType.DELETED)
        if not is_folder:
            return
        # What was below it goes without saying.
        for below in [known for known in self._pending if known.startswith(f"{path}/")]:
            del self._pending[below]
        gone = [watch for watch, known in self._paths.items() if known == path or known.startswith(f"{path}/")]
        for watch in gone:
            inotify.remove(watch)
            self._paths.pop(watch, None)

    def _note(self, path: str, change: ChangeType) -> None:
        if len(self._pending) >= MOST_CHANGES and path not in self._pending:
            self._missed = True
            return
        merged = merge(self._pending.pop(path, None), change)
        if merged is not None:
            self._pending[path] = merged

    def _flush(self) -> None:
        self._timer = None
        batch = Batch(dict(self._pending), self._missed)
        self._pending.clear()
        self._moved_in.clear()
        self._missed = False
        if batch.changes or batch.missed:
            for subscription in self._subscriptions:
                subscription.offer(batch)


def merge(before: ChangeType | None, now: ChangeType) -> ChangeType | None:
    """Two changes of one path in one batch as one; None when they undo each other."""
    match before, now:
        case ChangeType.ADDED, ChangeType.DELETED:
            return None
        case ChangeType.ADDED, _:
            return ChangeType.ADDED
        case ChangeType.DELETED, ChangeType.ADDED:
            return ChangeType.MODIFIED
    return now


def _entries(whole: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(whole) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return []
