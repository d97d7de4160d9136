"""files.watch: tells a connection what changes in the workspace, with versions where they are cheap."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from firefly.bridge.dispatcher import Method
from firefly.bridge.services.listing import kind_of
from firefly.bridge.storage import Storage
from firefly.bridge.watcher import Batch, Watcher
from firefly.bridge.workspace import Workspace
from firefly.errors import FireflyError
from firefly.protocol.files import Change, ChangeType, FilesChanged, Kind
from firefly.protocol.model import Done, Nothing

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

MOST_VERSIONS = 20
LARGEST_VERSION = 1 << 20


class Watch:
    def __init__(self, workspace: Workspace, storage: Storage, watcher: Watcher) -> None:
        self._workspace = workspace
        self._storage = storage
        self._watcher = watcher

    def methods(self) -> Sequence[Method[Any]]:
        return (
            Method("files.watch", Nothing, self._watch, reading=True),
            Method("files.unwatch", Nothing, self._unwatch, reading=True),
        )

    async def _watch(self, peer: "Connection", _: Nothing) -> Done:
        if not peer.holds(self):
            ready = asyncio.Event()
            task = asyncio.create_task(self._tell(peer, ready), name="files-watch")
            peer.on_close(self, task.cancel)
            await ready.wait()
        return Done()

    async def _unwatch(self, peer: "Connection", _: Nothing) -> Done:
        peer.close_held(self)
        return Done()

    async def _tell(self, peer: "Connection", ready: asyncio.Event) -> None:
        async with self._watcher.subscribe() as subscription:
            ready.set()
            while not peer.outbox.closed:
                batch = await subscription.next()
                peer.notify("files.changed", await asyncio.to_thread(self._described, batch))
                await peer.outbox.room()

    def _described(self, batch: Batch) -> FilesChanged:
        with_versions = len(batch.changes) <= MOST_VERSIONS
        changes = [self._change(path, change, with_versions) for path, change in batch.changes.items() if _told(path)]
        return FilesChanged(changes=changes, missed=batch.missed)

    def _change(self, path: str, change: ChangeType, with_version: bool) -> Change:
        if change is ChangeType.DELETED:
            return Change(path=path, change=change)
        try:
            descriptor = self._workspace.open(path, os.O_PATH | os.O_NOFOLLOW)
        except FireflyError:
            return Change(path=path, change=change)
        try:
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        kind = kind_of(status.st_mode)
        wanted = with_version and kind is Kind.FILE and status.st_size <= LARGEST_VERSION
        return Change(path=path, change=change, kind=kind, version=self._version(path) if wanted else None)

    def _version(self, path: str) -> str | None:
        try:
            return self._storage.version(path)
        except FireflyError:
            return None


def _told(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
