"""Copies of the files that git ignores: one archive for each workspace, in the artifact store."""

import contextlib
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from ..artifacts import ArtifactStore
from ..clock import Clock
from ..errors import InvalidInput, RateLimited, TooLarge
from ..store import Database, load_queries
from .greeting import CopyGiven, CopyWanted

LARGEST = 512 << 20
BYTES_A_SECOND = 16 << 20
_PIECE = 256 << 10


class Copies:
    """The newest copy replaces the one before. `check_epoch` raises Conflict for a sandbox that is out of date."""

    def __init__(
        self,
        *,
        database: Database,
        artifacts: ArtifactStore,
        clock: Clock,
        check_epoch: Callable[[UUID, int], Awaitable[None]],
    ) -> None:
        self._database = database
        self._artifacts = artifacts
        self._clock = clock
        self._check_epoch = check_epoch
        self._queries = load_queries("git")
        self._even_at: dict[UUID, float] = {}

    async def serve(
        self, workspace_id: UUID, wanted: CopyGiven | CopyWanted, reader: StreamReader, writer: StreamWriter
    ) -> None:
        """`ok`, then the bytes one way or the other; `have` for a copy that is kept already. Ends with `done` on a put.

        Raises a FireflyError for what is refused.
        """
        if isinstance(wanted, CopyWanted):
            writer.write(b"ok\n")
            await self._send(workspace_id, writer)
            return
        await self._check(workspace_id, wanted)
        if await self._has(workspace_id, wanted.digest):
            writer.write(b"have\n")
            return
        writer.write(b"ok\n")
        await self._put(workspace_id, wanted, reader)
        writer.write(b"done\n")

    async def _check(self, workspace_id: UUID, given: CopyGiven) -> None:
        """Raises Conflict for an old epoch, TooLarge, and RateLimited while what came last has not evened out."""
        await self._check_epoch(workspace_id, given.epoch)
        if given.size > LARGEST:
            raise TooLarge(f"A copy of ignored files has {LARGEST >> 20} MiB at most.")
        wait = self._even_at.get(workspace_id, 0.0) - time.monotonic()
        if wait > 0:
            raise RateLimited(f"Copies come too fast. The next is taken in {wait:.0f} s.", retry_after=wait)

    async def _has(self, workspace_id: UUID, digest: str) -> bool:
        async with self._database.connection() as connection:
            found = await self._queries.find_copy(connection, workspace_id=workspace_id)
        return found is not None and bool(found["digest"] == digest)

    async def _put(self, workspace_id: UUID, given: CopyGiven, reader: StreamReader) -> None:
        """The copy before goes. Raises InvalidInput where fewer bytes come than were announced."""
        self._even_at[workspace_id] = time.monotonic() + given.size / BYTES_A_SECOND
        artifact = await self._artifacts.put(_exactly(reader, given.size), limit=given.size)
        try:
            await self._check_epoch(workspace_id, given.epoch)
            before = await self._enter(workspace_id, artifact.digest, given)
        except BaseException:
            await self._artifacts.remove(artifact.digest)
            raise
        if before is not None:
            await self._artifacts.remove(before)

    async def _enter(self, workspace_id: UUID, digest: str, given: CopyGiven) -> str | None:
        """The digest of the copy that was kept until now."""
        async with self._database.transaction() as connection:
            before = await self._queries.lock_copy(connection, workspace_id=workspace_id)
            await self._queries.put_copy(
                connection, workspace_id=workspace_id, digest=digest, size=given.size, files=given.files,
                epoch=given.epoch, now=self._clock.now(),
            )  # fmt: skip
        return str(before) if before is not None else None

    async def _send(self, workspace_id: UUID, writer: StreamWriter) -> None:
        """The number of bytes, a line, then the bytes; 0 where there is no copy."""
        async with self._database.connection() as connection:
            found = await self._queries.find_copy(connection, workspace_id=workspace_id)
        artifact = await self._artifacts.find(found["digest"]) if found is not None else None
        writer.write(f"{artifact.size if artifact else 0}\n".encode())
        if artifact is None:
            return
        async with contextlib.aclosing(await self._artifacts.read(artifact.digest)) as body:
            async for piece in body:
                writer.write(piece)
                await writer.drain()

    async def is_whole(self, workspace_id: UUID) -> bool:
        """Whether what was last kept of the workspace, if anything, can be had."""
        async with self._database.connection() as connection:
            found = await self._queries.find_copy(connection, workspace_id=workspace_id)
        return found is None or await self._artifacts.find(found["digest"]) is not None

    async def forget(self, workspace_id: UUID) -> None:
        """The workspace is no more."""
        self._even_at.pop(workspace_id, None)
        async with self._database.connection() as connection:
            digest = await self._queries.remove_copy(connection, workspace_id=workspace_id)
        if digest is not None:
            await self._artifacts.remove(digest)


async def _exactly(reader: StreamReader, size: int) -> AsyncIterator[bytes]:
    left = size
    while left > 0:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise InvalidInput("The copy ended early; nothing was changed.")
        left -= len(piece)
        yield piece
