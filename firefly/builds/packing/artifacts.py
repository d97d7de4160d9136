"""What builds made: found by what went in, named by what came out, stored compressed, removed when nothing names it."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from firefly.artifacts import Artifact, ArtifactStore
from firefly.clock import Clock
from firefly.errors import HoldLost, NotFound
from firefly.store import Connection, Database, load_queries

from ..clearing.part import Cleared
from ..making.patience import patiently
from ..model import Hold, Product
from .compression import Measured, decompressed

# Of what nothing names: what is being made, and what is about to be named, is younger.
YOUNGEST = timedelta(days=1)
# Seconds; less than those who look for bytes without rows wait for.
HELD_UP = 30.0
# Of bytes before they are compressed.
LARGEST = 8 << 30
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Earlier:
    """The product of an earlier build."""

    build_id: UUID
    product: Product


@dataclass(frozen=True, slots=True)
class Kept:
    """`stored` names the bytes in the artifact store; `digest` the uncompressed tar that they are of."""

    digest: str
    kind: str
    stored: str
    size: int
    stored_size: int


class Artifacts:
    def __init__(self, database: Database, store: ArtifactStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._queries: Any = load_queries("making")

    async def find(self, build_key: str) -> Earlier | None:
        """What the newest good build of a key made, if it is still there."""
        async with self._database.connection() as connection:
            row = await self._queries.find_by_key(connection, build_key=build_key, now=self._clock.now())
        # An image is named before it is stored.
        if row is None or (row["stored"] and await self._store.find(row["stored"]) is None):
            return None
        return Earlier(UUID(str(row["id"])), Product(row["digest"], row["kind"], row["size"]))

    async def get(self, digest: str) -> Kept:
        """Raises NotFound."""
        async with self._database.connection() as connection:
            row = await self._queries.find_artifact(connection, digest=digest)
        if row is None:
            raise NotFound("There is no such artifact.")
        return Kept(**row)

    async def add(self, tar: AsyncIterable[bytes], kind: str, hold: Hold) -> Product:
        """Keep a canonical tar. Raises TooLarge, StorageFull, HoldLost; nothing is left then."""
        measured = Measured(tar, limit=LARGEST)
        async with aclosing(measured.compressed()) as body:
            stored = await self._store.put(body, limit=LARGEST)
        product = Product(measured.digest, kind, measured.size)
        is_new = await patiently(lambda: self._enter(product, stored, hold))
        if not is_new and not (is_new is False and await patiently(lambda: self._mend(product, stored))):
            await self._store.remove(stored.digest)
        if is_new is None:
            raise HoldLost("Another builds it by now: what was made is not kept.")
        return product

    async def _mend(self, product: Product, stored: Artifact) -> bool:
        """Where the bytes are lost that a row names, it names these, or has them back; whether it was so."""
        kept = await self.get(product.digest)
        if kept.stored == stored.digest:
            return await self._store.puts(stored.digest) == 1
        if await self._store.find(kept.stored) is not None:
            return False
        values = {"digest": kept.digest, "lost": kept.stored, "stored": stored.digest, "stored_size": stored.size}
        async with self._database.connection() as connection:
            return bool(await self._queries.store_anew(connection, **values))

    async def _enter(self, product: Product, stored: Artifact, hold: Hold) -> bool | None:
        """Whether it is new; else somebody came first. None: the build is somebody else's."""
        values = {"digest": product.digest, "kind": product.kind, "size": product.size}
        values |= {"stored": stored.digest, "stored_size": stored.size, "now": self._clock.now()}
        async with self._database.connection() as connection:
            is_new: bool | None = await self._queries.add_artifact(connection, **values, **asdict(hold))
        return is_new

    async def read(self, digest: str) -> AsyncGenerator[bytes, None]:
        """The uncompressed tar, in pieces; to be closed. Raises NotFound, Conflict where it is broken."""
        return await self.open(await self.get(digest))

    async def open(self, kept: Kept) -> AsyncGenerator[bytes, None]:
        """As `read`, of one that was looked for already."""
        return decompressed(await self._store.read(kept.stored))

    async def drop_unused(self, connection: Connection) -> Cleared:
        """Forget what no build names and nobody has used for a day; `discard` removes it once that is committed."""
        before = self._clock.now() - YOUNGEST
        rows = self._queries.drop_unused_artifacts(connection, before=before)
        sizes = [row["stored_size"] async for row in rows]
        return Cleared(len(sizes), sum(sizes))

    @asynccontextmanager
    async def local(self, digest: str) -> AsyncIterator[tuple[Path, int]]:
        """A file of this machine with what is stored of it, while the block runs, and its size uncompressed.

        Raises NotFound.
        """
        kept = await self.get(digest)
        async with self._store.local(kept.stored) as path:
            yield path, kept.size

    async def discard(self) -> None:
        """Remove from the store what rows no longer name."""
        while True:
            begun_at = self._clock.monotonic()
            async with self._database.transaction() as connection:
                rows = [row["stored"] async for row in self._queries.next_discarded(connection, most=_AT_A_TIME)]
            # Not before that is committed: what was removed twice would be somebody else's the second time. So whoever
            # was held up leaves the rest to those who look for bytes without rows, and may have begun.
            for stored in rows:
                if self._clock.monotonic() - begun_at < HELD_UP:
                    await self._store.remove(stored)
            if not rows:
                return
