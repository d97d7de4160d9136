"""What the server asks of a site's bridge beside what it asks of every other."""

import asyncio
from pathlib import Path

from aiohttp import web

from firefly.bridge.application.database import OwnDatabase
from firefly.errors import TooLarge

LARGEST_DUMP = 2 << 30


class SiteRoutes:
    def __init__(self, database: OwnDatabase) -> None:
        self._database = database

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/site/database", self.dump), web.put("/site/database", self.fill)]

    async def dump(self, request: web.Request) -> web.StreamResponse:
        """All that is in the database, for the site that comes after this one."""
        pieces = self._database.dump()
        first = await anext(pieces, b"")
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
        return response

    async def fill(self, request: web.Request) -> web.StreamResponse:
        """What the database is to have when it is made; nothing where it is there already."""
        if self._database.exists:
            return web.Response(status=204)
        path = self._database.waiting_dump
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        try:
            await _save(request, temporary)
            await asyncio.to_thread(temporary.rename, path)
        finally:
            temporary.unlink(missing_ok=True)
        return web.Response(status=204)


async def _save(request: web.Request, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        async for block in request.content.iter_any():
            size += len(block)
            if size > LARGEST_DUMP:
                raise TooLarge(f"The database has more than {LARGEST_DUMP >> 30} GiB.", field="database")
            await asyncio.to_thread(file.write, block)
