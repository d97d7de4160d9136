"""Unpacked pages of builds on this server's disk, by digest: each unpacked once, the longest unused gone first.

What is unpacked is never trusted over a restart of the machine: nobody waited until it was on the disk.
"""

import asyncio
import errno
import os
import secrets
import shutil
import threading
import time
from collections.abc import Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from firefly.errors import DISK_FULL, Conflict, FireflyError, StorageFull, TooLarge, Unavailable
from firefly.rota import Crowded, Rota
from firefly.sandbox.tasks import Tasks

from .folder import ShelfFolder
from .unpacking import Bounds, unpack

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Unpackings at one time, and those of one owner's pages; so many more of his wait, for as long as one may take.
AT_ONCE, EACH, WAITING = 3, 2, 64
# Seconds for which what could not be unpacked is not tried again, however many ask.
PAUSE = 30.0
log = structlog.get_logger()


class Archives(Protocol):
    def local(self, digest: str) -> AbstractAsyncContextManager[tuple[Path, int]]:
        """A file of this machine with an artifact as it is stored, and its size when it is not compressed.

        The file is there while the block runs. Raises NotFound.
        """


@dataclass(slots=True)
class Entry:
    """`used_at` by the monotonic clock."""

    size: int
    used_at: float


@dataclass(frozen=True, slots=True)
class Failure:
    error: FireflyError
    until: float


class Shelf:
    """`room`: bytes of the disk that all of them may take together, and one alone."""

    def __init__(self, folder: Path, archives: Archives, *, room: int, bounds: Bounds | None = None) -> None:
        bounds = bounds or Bounds()
        self._folder = folder / _boot()
        self._archives = archives
        self._room = room
        self._bounds = replace(bounds, size=min(bounds.size, room))
        self._kept: dict[str, Entry] = {}
        self._failed: dict[str, Failure] = {}
        self._coming: dict[str, asyncio.Task[None]] = {}
        self._tasks = Tasks()
        self._turns = Rota(AT_ONCE, each=EACH, waiting=WAITING, within=self._bounds.seconds)
        self._ending = threading.Event()
        self._executor = ThreadPoolExecutor(AT_ONCE, "unpacking")

    async def open(self) -> None:
        """Know again what an earlier server has unpacked since the machine started."""
        self._kept = await asyncio.get_running_loop().run_in_executor(self._executor, self._survey)

    async def close(self) -> None:
        self._ending.set()
        await self._tasks.close()
        self._executor.shutdown(wait=True, cancel_futures=True)

    @property
    def numbers(self) -> Mapping[str, float]:
        """For /metrics."""
        return {"pages_unpacked": len(self._kept), "pages_bytes": sum(one.size for one in self._kept.values())}

    async def get(self, digest: str, owner: Hashable) -> ShelfFolder:
        """Unpacked here, at the latest when this returns; however many ask, it is unpacked once.

        Raises NotFound, Unavailable where too many of that owner's wait, and what `unpack` raises.
        """
        entry = self._kept.get(digest)
        if entry is None:
            self._check(digest)
            coming = self._coming.get(digest)
            if coming is None:
                coming = self._coming[digest] = self._tasks.start(self._fetch(digest, owner), f"pages-{digest}")
            await asyncio.shield(coming)
        else:
            entry.used_at = time.monotonic()
        return ShelfFolder(self._path(digest))

    def has(self, digest: str) -> bool:
        return digest in self._kept

    def forget(self, digest: str) -> None:
        """It is not there any more, whoever took it away."""
        self._kept.pop(digest, None)

    def _check(self, digest: str) -> None:
        failure = self._failed.get(digest)
        if failure is not None and time.monotonic() < failure.until:
            raise failure.error.with_traceback(None)
        self._failed = {key: one for key, one in self._failed.items() if one.until > time.monotonic()}

    async def _fetch(self, digest: str, owner: Hashable) -> None:
        try:
            async with self._turns.turn(owner):
                await self._bring(digest)
        # Whatever it is: not everybody who asks is to meet it anew.
        except Exception as error:
            told = _told(error)
            self._failed[digest] = Failure(told, time.monotonic() + PAUSE)
            log.warning(
                "pages.not_unpacked",
                digest=digest,
                reason=told.detail,
                exc_info=not isinstance(error, (FireflyError, OSError)),
            )
            raise told from error
        finally:
            self._coming.pop(digest, None)

    async def _bring(self, digest: str) -> None:
        async with self._archives.local(digest) as (archive, size):
            if size > self._room:
                raise TooLarge(f"Its pages have {size >> 20} MiB, and {self._room >> 20} MiB are what all may have.")
            await self._make_room(size)
            loop = asyncio.get_running_loop()
            taken = await loop.run_in_executor(self._executor, self._unpack, archive, digest)
        self._kept[digest] = Entry(taken, time.monotonic())
        await self._make_room(0, spared=digest)

    async def _make_room(self, wanted: int, *, spared: str = "") -> None:
        """Take away what nobody has used for longest, until so much more has room."""
        loop = asyncio.get_running_loop()
        while sum(one.size for one in self._kept.values()) + wanted > self._room:
            others = self._kept.keys() - {spared}
            if not others:
                return
            oldest = min(others, key=lambda digest: self._kept[digest].used_at)
            del self._kept[oldest]
            await loop.run_in_executor(self._executor, self._take_away, self._path(oldest))

    def _path(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")

    def _unpack(self, archive: Path, digest: str) -> int:
        made = self._folder / f"{secrets.token_hex(8)}.new"
        made.mkdir(mode=0o700, parents=True)
        try:
            (made / "files").mkdir(mode=0o700)
            size = unpack(archive, made / "files", digest=digest, bounds=self._bounds, ending=self._ending)
            (made / "size").write_text(str(size))
            self._put(made, self._path(digest))
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return size

    def _put(self, made: Path, path: Path) -> None:
        """Another server, which this one takes over from, may have unpacked it in the same moment."""
        try:
            os.rename(made, path)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise

    def _take_away(self, path: Path) -> None:
        """Out of the way at once: who looks there from now on sees that it is gone, and not half of it."""
        gone = path.with_name(f"{secrets.token_hex(8)}.gone")
        try:
            os.rename(path, gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)

    def _survey(self) -> dict[str, Entry]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.parent.chmod(0o700)
        for other in self._folder.parent.iterdir():
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)
        kept: dict[str, Entry] = {}
        for path in self._folder.iterdir():
            size = _size(path)
            if size is not None:
                kept[f"sha256:{path.name}"] = Entry(size, 0.0)
            elif time.time() - path.lstat().st_mtime > self._bounds.seconds:
                # Begun, and not brought to its end, by a server that was killed.
                shutil.rmtree(path, ignore_errors=True)
        return kept


def _told(error: Exception) -> FireflyError:
    if isinstance(error, FireflyError):
        return error
    if isinstance(error, Crowded):
        return Unavailable("Too many sites are unpacked just now. Try again.", retry_after=PAUSE)
    if not isinstance(error, OSError):
        return Conflict("They could not be unpacked by a fault of Firefly's own; the server's log names it.")
    if error.errno in DISK_FULL:
        return StorageFull("There is no space left on the server's disk.")
    return Conflict(f"The server's disk does not take them: {error.strerror or error}.")


def _size(path: Path) -> int | None:
    """Of what was unpacked whole."""
    try:
        return int((path / "size").read_text()) if not path.suffix else None
    except (OSError, ValueError):
        return None


def _boot() -> str:
    """A name for the time since the machine was started."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return secrets.token_hex(16)
