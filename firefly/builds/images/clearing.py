"""Takes away what an engine has of builds and nobody needs: images that no site shows, and steps kept too long."""

import json
from datetime import timedelta
from typing import Any

from firefly.builds.clearing.part import Cleared
from firefly.clock import Clock
from firefly.errors import Conflict, NotFound
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.images import BUILT, KIND
from firefly.sandbox.docker.labels import INSTALLATION
from firefly.store import Database, load_queries

# What was built a moment ago is about to be shown.
YOUNGEST = timedelta(hours=1)
LIMIT = 300.0


class Clearing:
    """Fulfils `Part`. `cache` bytes of earlier steps are kept, 0: as many as there are.

    The engine has to look at everything for it, so not every minute.
    """

    name, every = "images", timedelta(minutes=10)

    def __init__(self, *, database: Database, engine: Engine, clock: Clock, cache: int, installation: str) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._cache = cache
        self._installation = installation
        self._queries: Any = load_queries("images")

    async def clear(self, *, dry: bool) -> Cleared:
        """Images by number; the bytes are those of steps alone, since images share theirs."""
        return Cleared(await self.images(dry=dry), await self.steps(dry=dry) if self._cache else 0)

    async def images(self, *, dry: bool = False) -> int:
        """Remove those that no site shows, and that are stored elsewhere; returns how many there were."""
        async with self._database.connection() as connection:
            kept = {str(row["digest"]) async for row in self._queries.shown_images(connection)}
        before = (self._clock.now() - YOUNGEST).timestamp()
        filters = json.dumps({"label": [f"{KIND}={BUILT}", f"{INSTALLATION}={self._installation}"]})
        removed = 0
        for found in await self._engine.call("GET", "images/json", filters=filters):
            if found["Id"] not in kept and found["Created"] < before:
                removed += dry or await self._remove(found["Id"])
        return removed

    async def _remove(self, image: str) -> bool:
        """Not one from which something runs, or upon which another one lies."""
        try:
            async with self._engine.calling() as docker:
                await docker.images.delete(image)
        except (Conflict, NotFound):
            return False
        return True

    async def steps(self, *, dry: bool = False) -> int:
        """Have the engine keep no more than it may; returns the bytes that it gave back."""
        if dry:
            kept = (await self._engine.call("GET", "system/df", limit=LIMIT)).get("BuildCache") or ()
            return max(0, sum(int(one["Size"]) for one in kept if not one["Shared"]) - self._cache)
        query = {"keep-storage": str(self._cache), "all": "1"}
        found = await self._engine.call("POST", "build/prune", limit=LIMIT, **query)
        return int(found.get("SpaceReclaimed") or 0)
