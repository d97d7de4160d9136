"""Which of several servers keeps the sandboxes of a node: one row of `keeper_leases`, which has to be renewed."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from firefly.clock import Clock
from firefly.errors import Unavailable
from firefly.settings import Settings
from firefly.store import Database, load_queries

SECONDS = 30.0
# So much earlier than the database does a keeper hold its own lease for ended.
MARGIN = 0.2
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Lease:
    """Ends by the database's clock; whoever has it counts from before he asked, so that he stops before it ends.

    `node` names the sandboxes; `place` is where the server runs, which only one server at a time does: the next one
    in the same place need not wait for the end.
    """

    def __init__(self, database: Database, *, node: str, place: UUID, clock: Clock, seconds: float = SECONDS) -> None:
        self.node = node
        self.seconds = seconds
        self._place = place
        self._database = database
        self._clock = clock
        self._queries: Any = load_queries("keeping")
        self._term: int | None = None
        self._good_until = 0.0

    @property
    def held(self) -> bool:
        return self._term is not None and self._clock.monotonic() < self._good_until

    def check(self) -> None:
        """Raises Unavailable where another server may keep the sandboxes by now."""
        if not self.held:
            raise Unavailable(
                "Another Firefly server keeps the sandboxes just now, or the database is away. Try again in a moment."
            )

    async def take(self) -> bool:
        """Whether it is ours from now on: it was free, or had ended, or was that of a server in our place."""
        asked = self._clock.monotonic()
        async with self._database.connection() as connection:
            self._term = await self._queries.take_lease(
                connection, node=self.node, place=self._place, seconds=self.seconds
            )
        self._good_until = asked + self.seconds * (1 - MARGIN)
        return self._term is not None

    async def renew(self) -> bool:
        """Whether it still is ours; one that had ended, and that nobody has taken since, is."""
        asked = self._clock.monotonic()
        async with self._database.connection() as connection:
            found = await self._queries.renew_lease(connection, node=self.node, term=self._term, seconds=self.seconds)
        if found is None:
            self._term = None
        self._good_until = asked + self.seconds * (1 - MARGIN)
        return found is not None

    async def give_up(self) -> None:
        """Let another server have it at once. Nothing is done with the sandboxes here any more."""
        term, self._term = self._term, None
        if term is not None:
            async with self._database.connection() as connection:
                await self._queries.end_lease(connection, node=self.node, term=term)


def node_of(settings: Settings) -> str:
    """The name of this node: as set, else one of its own, kept in the data directory."""
    if settings.node:
        return settings.node
    file = settings.data_dir / "node"
    try:
        with file.open("x") as made:
            made.write(str(uuid4()))
    except FileExistsError:
        pass
    return file.read_text().strip()


def place_of(settings: Settings) -> UUID:
    """This data directory on this machine since it was switched on."""
    found = os.stat(settings.data_dir)
    return uuid5(UUID(BOOT_ID.read_text().strip()), f"{found.st_dev}:{found.st_ino}")
