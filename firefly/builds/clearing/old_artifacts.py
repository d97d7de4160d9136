"""Artifacts that nobody refers to, and those of old builds for which their owner has no room."""

from datetime import timedelta

from firefly.store import Database

from ..packing.artifacts import Artifacts
from ..packing.room import ArtifactRoom
from .part import Cleared, trying


class OldArtifacts:
    name, every = "artifacts", timedelta(minutes=1)

    def __init__(self, database: Database, artifacts: Artifacts, room: ArtifactRoom) -> None:
        self._database = database
        self._artifacts = artifacts
        self._room = room

    async def clear(self, *, dry: bool) -> Cleared:
        async with trying(self._database, dry=dry) as connection:
            await self._room.let_go(connection)
            cleared = await self._artifacts.drop_unused(connection)
        if not dry:
            await self._artifacts.discard()
        return cleared
