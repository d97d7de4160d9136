"""Keeps a copy of the files that git ignores outside of the sandbox, through the gateway."""

import asyncio
import time
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.shadow.caches import Caches, declared
from firefly.bridge.shadow.parcel import Packed, pack, unpack
from firefly.bridge.shadow.store import ShadowStore
from firefly.bridge.tasks import in_thread
from firefly.errors import FireflyError, Unavailable
from firefly.protocol.errors import MANIFEST_NAME
from firefly.protocol.workspace import MOST_COPIED, Refused

SETTLE = 1.5
# A copy of so many bytes is followed by a pause of a second.
BYTES_A_SECOND = 8 << 20
RETRY, LONGEST_RETRY = 2.0, 60.0
TRANSFER_LIMIT = 300.0
OK, HAVE = "ok", "have"
_BLOCK = 256 << 10
log = structlog.get_logger()


class Copies:
    def __init__(self, environment: Environment, store: ShadowStore) -> None:
        self._environment = environment
        self._root = environment.workspace
        self._store = store
        self._caches: Caches | None = None
        self._pending = False
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._kept = ""
        self._failures = 0
        self.error = ""
        self.refused: list[Refused] = []

    def begin(self) -> None:
        """From now on; what is there already is copied too."""
        self._task = asyncio.create_task(self._work(), name="shadow-copies")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def flushed(self) -> bool:
        return not (self._pending or self._lock.locked())

    def look(self) -> None:
        """Anything may have changed."""
        self._pending = True
        self._wake.set()

    async def note(self, paths: Iterable[str]) -> None:
        """These have, and git ignores them, or they lie in a repository of their own."""
        if self._caches is None:
            self._caches = await in_thread(declared, self._root)
        if any(not self._caches.hold(path) for path in paths):
            self.look()

    def configured(self, paths: Iterable[str]) -> None:
        if MANIFEST_NAME in paths:
            self._caches = None
            self.look()

    async def flush(self) -> None:
        """What is pending, at once; what is under way is waited for."""
        async with self._lock:
            pending = self._pending and self._task is not None
        if pending:
            await self._copy()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(SETTLE)
            if not self._pending:
                continue
            begun = time.monotonic()
            size = await self._copy()
            pause = size / BYTES_A_SECOND + time.monotonic() - begun
            if self._failures:
                pause = min(RETRY * 2 ** (self._failures - 1), LONGEST_RETRY)
            await asyncio.sleep(pause)

    async def _copy(self) -> int:
        """The bytes of the copy."""
        async with self._lock:
            self._pending = False
            self._wake.clear()
            try:
                size = await self._pack_and_send()
            except (FireflyError, OSError) as error:
                self._failures += 1
                self.error = f"Files that git ignores are not saved outside of the sandbox yet: {error}"
                log.warning("copy.failed", error=str(error))
                self.look()
                return 0
            self._failures, self.error = 0, ""
            return size

    async def _pack_and_send(self) -> int:
        found = await self._store.unversioned()
        caches = self._caches = await in_thread(declared, self._root)
        self._environment.state.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=self._environment.state) as unnamed:
            file = cast(BinaryIO, unnamed)
            packed = await in_thread(pack, self._root, found, caches, file)
            self.refused = packed.refused
            # Without a file it is kept too: what was deleted is not to come back.
            if packed.digest != self._kept and (packed.files or self._kept):
                await self._send(packed, file)
                self._kept = packed.digest
            return packed.size

    async def _send(self, packed: Packed, file: BinaryIO) -> None:
        greeting = f"copy-put {self._environment.epoch} {packed.size} {packed.files} {packed.digest}\n"
        async with asyncio.timeout(TRANSFER_LIMIT):
            reader, writer, answer = await self._connect(greeting)
            try:
                if answer == HAVE:
                    return
                file.seek(0)
                while block := await in_thread(file.read, _BLOCK):
                    writer.write(block)
                    await writer.drain()
                answer = (await reader.readline()).decode(errors="replace").strip()
            finally:
                writer.close()
        if answer != "done":
            raise Unavailable(answer.removeprefix("error ") or "the connection was closed")

    async def fetch(self) -> int:
        """Put the copy that is kept back into the workspace; the number of files."""
        async with asyncio.timeout(TRANSFER_LIMIT):
            reader, writer, _ = await self._connect("copy-get\n")
            try:
                left = int(await reader.readline() or b"0")
                with TemporaryFile(dir=self._environment.state) as unnamed:
                    file = cast(BinaryIO, unnamed)
                    if left > MOST_COPIED:
                        raise Unavailable("The copy of ignored files is too large.")
                    while left > 0 and (block := await reader.read(min(left, _BLOCK))):
                        left -= len(block)
                        await in_thread(file.write, block)
                    if left > 0:
                        raise Unavailable("The copy of ignored files did not come whole.")
                    size = file.tell()
                    file.seek(0)
                    return await in_thread(unpack, file, self._root) if size else 0
            finally:
                writer.close()

    async def _connect(self, greeting: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        try:
            reader, writer = await asyncio.open_unix_connection(self._environment.gateway / "git.sock")
        except OSError as error:
            raise Unavailable(f"The way to the server is closed: {error.strerror}") from error
        writer.write(greeting.encode())
        answer = (await reader.readline()).decode(errors="replace").strip()
        if answer not in (OK, HAVE):
            writer.close()
            raise Unavailable(answer.removeprefix("error ") or "the connection was closed")
        return reader, writer, answer
