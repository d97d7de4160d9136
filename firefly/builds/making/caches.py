"""Folders of dependencies, kept from one build to the next of the same project and the same lock file."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog

from firefly.artifacts import ArtifactStore
from firefly.clock import Clock
from firefly.errors import Conflict, FireflyError, InvalidInput, NotFound
from firefly.protocol.building import PackParams
from firefly.store import Database, load_queries

from ..analysis import Cache
from ..clearing.part import Cleared, trying
from ..packing.compression import Measured, decompressed
from ..seams import StepLog
from ..strategies.strategy import Job
from .keys import cache_key
from .workplace import Workplace

log = structlog.get_logger()

# Bytes of one folder, how many are kept of it in a project, and for how long one that nobody uses.
LARGEST, MOST, OLDEST = 1 << 30, 3, timedelta(days=14)


class Caches:
    """None is shared between projects, nor between a project's own builds and those of strangers."""

    name, every = "caches", timedelta(hours=1)

    def __init__(self, database: Database, store: ArtifactStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._queries: Any = load_queries("making")

    async def restore(self, job: Job, workplace: Workplace, step: StepLog) -> set[str]:
        """Put into the workspace what earlier builds kept; the folders. What is not there, or broken, is made anew."""
        restored = set()
        for cache in job.plan.caches:
            try:
                if await self._restore(job, cache, workplace):
                    await step.say(f"{cache.folder} is that of an earlier build: {_same(cache)}")
                    restored.add(cache.folder)
            except (NotFound, InvalidInput, Conflict) as error:
                log.warning("cache.broken", folder=cache.folder, reason=error.detail)
        return restored

    async def _restore(self, job: Job, cache: Cache, workplace: Workplace) -> bool:
        async with self._database.connection() as connection:
            row = await self._queries.find_cache(connection, **_named(job, cache), now=self._clock.now())
        if row is None:
            return False
        async with aclosing(decompressed(await self._store.read(row["stored"]))) as tar:
            filled = await workplace.fill(tar)
        return not filled.refused

    async def keep(self, job: Job, cache: Cache, workplace: Workplace) -> None:
        """Take a folder along for later builds. Whatever goes wrong with that, this build goes on."""
        try:
            async with aclosing(_packed(workplace, cache.folder)) as tar:
                measured = Measured(tar, limit=LARGEST)
                async with aclosing(measured.compressed()) as body:
                    stored = await self._store.put(body, limit=LARGEST)
            await self._enter(job, cache, stored.digest, measured.size)
        except FireflyError as error:
            log.info("cache.not_kept", folder=cache.folder, reason=error.detail)

    async def _enter(self, job: Job, cache: Cache, stored: str, size: int) -> None:
        named = _named(job, cache)
        async with self._database.transaction() as connection:
            if await self._queries.find_cache(connection, **named, now=self._clock.now()) is not None:
                await self._store.remove(stored)
                return
            values = {**named, **asdict(job.build.hold), "stored": stored, "size": size, "now": self._clock.now()}
            if not await self._queries.add_cache(connection, **values):
                await self._store.remove(stored)
                return
            del named["key"]
            await self._queries.drop_old_caches(connection, **named, most=MOST)

    async def clear(self, *, dry: bool) -> Cleared:
        """Forget those that nobody has used for two weeks, and more than the newest few; as a `Part`."""
        async with trying(self._database, dry=dry) as connection:
            before = self._clock.now() - OLDEST
            rows = self._queries.drop_unused_caches(connection, before=before, most=MOST)
            found = [await self._store.find(stored) for stored in [row["stored"] async for row in rows]]
        return Cleared(len(found), sum(one.size for one in found if one))


def _packed(workplace: Workplace, folder: str) -> AsyncGenerator[bytes, None]:
    return workplace.pack(PackParams(folder=folder, in_place=True, ends=False), lambda packed: None)


def _named(job: Job, cache: Cache) -> dict[str, Any]:
    files = {path: job.ids.get(path, "") for path in cache.keys}
    key = cache_key(base=job.base, plan=job.plan, cache=cache, files=files)
    return {"project_id": job.build.project_id, "domain": job.domain, "folder": cache.folder, "key": key}


def _same(cache: Cache) -> str:
    return f"{', '.join(cache.keys)} {'are' if len(cache.keys) > 1 else 'is'} the same."
