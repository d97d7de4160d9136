"""Tells when the user's repository moves: a commit in a terminal changes no file that the watcher looks at."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from firefly.bridge.inotify import Inotify, Mask

_OURS = "firefly"


class References:
    """Watches one folder, `.git` itself: every commit, checkout, merge, reset and stash writes a file there."""

    def __init__(self, folder: Path, moved: Callable[[], None]) -> None:
        self._folder = folder
        self._moved = moved
        self._inotify: Inotify | None = None
        self._watched = False

    def open(self) -> None:
        self._inotify = Inotify()
        asyncio.get_running_loop().add_reader(self._inotify.descriptor, self._readable)
        self.look()

    def close(self) -> None:
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.descriptor)
            self._inotify.close()
            self._inotify = None

    def look(self) -> None:
        """Watch the folder if that is not done yet: it may be made, or be replaced, later."""
        if self._inotify is not None and not self._watched:
            self._watched = self._inotify.add(str(self._folder)) is not None

    def _readable(self) -> None:
        if self._inotify is None:
            return
        moved = False
        for event in self._inotify.read():
            if event.mask & Mask.IGNORED:
                self._watched = False
            # git writes beside the file and renames; the lock by itself says nothing.
            moved |= not (event.name.endswith(".lock") or event.name == _OURS)
        if moved:
            self._moved()
