"""Images as artifacts: named as soon as they are built, stored a little later, had from there where they are gone."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from firefly.artifacts import ArtifactStore
from firefly.builds.model import Hold, Product
from firefly.builds.packing.compression import Measured, decompressed
from firefly.clock import Clock
from firefly.errors import FireflyError, HoldLost, NotFound
from firefly.sandbox.docker.images import Images
from firefly.sandbox.tasks import Tasks
from firefly.store import Database, load_queries

from .archive import canonical
from .making import Image

log = structlog.get_logger()

# Bytes of one, uncompressed.
LARGEST = 32 << 30
# Seconds without another image before one is stored, which is work for the engine and two processors; and the most
# that it waits for that.
QUIET, LONGEST = 20.0, 300.0


class Keeping:
    """Fulfils the backends' `ImageSource`. `folder` is for what lies about while an image is stored.

    `images` are those of the engine in which they are built.
    """

    def __init__(
        self,
        *,
        database: Database,
        store: ArtifactStore,
        images: Images,
        clock: Clock,
        folder: Path,
        quiet: float = QUIET,
    ) -> None:
        self._database = database
        self._store = store
        self._images = images
        self._clock = clock
        self._folder = folder
        self._quiet = quiet
        self._added_at = -quiet
        self._queries: Any = load_queries("images")
        self._tasks = Tasks()
        self._turn = asyncio.Lock()
        self._seen = set[str]()
        """Those that this server stores, or has tried to."""

    async def add(self, image: Image, hold: Hold) -> Product:
        """Name it, so that it can be shown at once; it is stored meanwhile, and after the next start if need be.

        Raises HoldLost.
        """
        async with self._database.connection() as connection:
            row = await self._queries.name_image(
                connection, digest=image.id, size=image.size, port=image.port, now=self._clock.now(), **asdict(hold)
            )
        if row is None:
            raise HoldLost("Another builds it by now.")
        if not row["stored"] and image.id not in self._seen:
            self._seen.add(image.id)
            self._added_at = self._clock.monotonic()
            self._tasks.start(self._later(image.id), f"image-{image.id}")
        return Product(image.id, "image", int(row["size"]))

    async def lend(self, image: str, hold: Hold) -> None:
        """Have it run beside the sandbox of the build that made it, which is not over yet."""
        async with self._database.connection() as connection:
            await self._queries.lend_image(connection, digest=image, **asdict(hold))

    async def read(self, image: str) -> AsyncGenerator[bytes, None]:
        async with self._database.connection() as connection:
            stored = await self._queries.image_stored(connection, digest=image)
        if not stored:
            raise NotFound("it is neither in this engine nor stored.")
        return decompressed(await self._store.read(str(stored)))

    async def sweep(self) -> None:
        """Store what an earlier server had not, as far as it is in this engine."""
        async with self._database.connection() as connection:
            rows = [str(row["digest"]) async for row in self._queries.unstored_images(connection)]
        for image in rows:
            if image not in self._seen and await self._images.find(image) is not None:
                self._seen.add(image)
                await self._try(image)

    async def settled(self) -> None:
        """Return once nothing is being stored."""
        await self._tasks.settled("")

    async def close(self) -> None:
        await self._tasks.close()

    async def _later(self, image: str) -> None:
        """Once nothing is built that somebody waits for, as far as that comes soon."""
        until = self._clock.monotonic() + LONGEST
        while True:
            wait = min(self._added_at + self._quiet, until) - self._clock.monotonic()
            if wait <= 0:
                return await self._try(image)
            await asyncio.sleep(wait)

    async def _try(self, image: str) -> None:
        try:
            # One at a time: it is work for processor and disk that nobody waits for.
            async with self._turn:
                await self._store_image(image)
        except FireflyError as error:
            log.warning("image.not_stored", image=image, reason=error.detail)

    async def _store_image(self, image: str) -> None:
        async with self._database.connection() as connection:
            if await self._queries.image_stored(connection, digest=image) != "":
                return
        folder = await asyncio.to_thread(self._make_folder)
        try:
            async with (
                self._images.saved(image) as saved,
                aclosing(canonical(saved, image, folder, most=LARGEST)) as tar,
                aclosing(Measured(tar, limit=LARGEST).compressed()) as body,
            ):
                stored = await self._store.put(body, limit=LARGEST)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        async with self._database.connection() as connection:
            put = await self._queries.put_image(connection, digest=image, stored=stored.digest, stored_size=stored.size)
        if put is None:
            await self._store.remove(stored.digest)
        else:
            log.info("image.stored", image=image, size=stored.size)

    def _make_folder(self) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._folder))
