"""Which sites of pages this server shows: looked up once, known from then on, forgotten as soon as they change."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import structlog

from firefly.bus import MISSED, Bus
from firefly.errors import FireflyError, NotFound, Unavailable

from ..model import SiteState
from ..sites.doorman import admissible
from ..sites.facts import SiteFacts
from ..sites.records import SiteRecords
from ..sites.watching import SHOWN
from .folder import ShelfFolder
from .shelf import Shelf

# Seconds after which it is looked up again, though nobody said that it has changed: its artifact may be gone.
LONGEST = 600.0
LOOK_EVERY = 60.0
# Times that it is looked up again, where it changed while it was.
TRIES = 5
BROKEN = "Its pages cannot be shown. "
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A site that is shown here: `name` is never used again, `digest` that of its pages."""

    site_id: UUID
    build_id: UUID
    owner_id: UUID
    name: str
    digest: str
    since: float


class Exhibition:
    def __init__(self, records: SiteRecords, shelf: Shelf, bus: Bus) -> None:
        self._records = records
        self._shelf = shelf
        self._bus = bus
        self._shown: dict[UUID, Exhibit] = {}
        self._numbers = count(1)
        self._changes = 0

    def ready(self, site_id: UUID) -> Exhibit | None:
        """As it is shown here now; None where something has to be looked up, or unpacked, first."""
        shown = self._shown.get(site_id)
        return shown if shown is not None and self._shelf.has(shown.digest) else None

    async def open(self, site_id: UUID) -> Exhibit:
        """Shown, at the latest when this returns.

        Raises NotFound where it, or what it shows, is gone, Withheld where it was stopped by hand, and what keeps its
        pages from being unpacked; its site says so, too.
        """
        known = self.ready(site_id)
        if known is not None:
            return known
        for _ in range(TRIES):
            changes = self._changes
            facts = await self._look_up(site_id)
            digest = admissible(facts)
            await self._unpack(facts, digest)
            if changes == self._changes:
                name = f"pages {site_id} {next(self._numbers)}"
                shown = Exhibit(site_id, facts.build_id, facts.owner_id, name, digest, time.monotonic())
                self._shown[site_id] = shown
                return shown
        raise Unavailable("This site changes just now. Try again.")

    async def _look_up(self, site_id: UUID) -> SiteFacts:
        facts = await self._records.facts_of(site_id)
        if facts is None or facts.is_deleted:
            raise NotFound("This site is gone.")
        return facts

    async def _unpack(self, facts: SiteFacts, digest: str) -> None:
        """Its site says it where that fails, until it does no more."""
        try:
            await self._shelf.get(digest, facts.owner_id)
        except Unavailable:
            raise
        except FireflyError as error:
            await self._note(facts, f"{BROKEN}{error.detail}")
            raise
        if facts.reason.startswith(BROKEN):
            await self._note(facts, SHOWN)

    async def _note(self, facts: SiteFacts, reason: str) -> None:
        if facts.state is SiteState.LIVE and facts.reason != reason:
            await self._records.note(facts.id, SiteState.LIVE, reason)

    async def folder(self, exhibit: Exhibit) -> ShelfFolder:
        """Its pages, unpacked again where they made room for others. Raises what keeps them from being."""
        return await self._shelf.get(exhibit.digest, exhibit.owner_id)

    def evicted(self, exhibit: Exhibit) -> None:
        """Its pages were found to be gone from the disk."""
        self._shelf.forget(exhibit.digest)

    async def run(self) -> None:
        """Forget what has changed, for as long as the server runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._age())

    async def _hear(self) -> None:
        async with aclosing(self._bus.hear("events")) as events:
            async for event in events:
                if event.kind == MISSED:
                    self._forget_all()
                elif event.kind == "site.changed":
                    self.forget(UUID(str(event.data["build_id"])))

    def _forget_all(self) -> None:
        self._changes += 1
        self._shown.clear()

    def forget(self, build_id: UUID) -> None:
        """Its site has changed: it is looked up again for whoever asks from now on."""
        self._changes += 1
        self._shown = {id: one for id, one in self._shown.items() if one.build_id != build_id}

    async def _age(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            oldest = time.monotonic() - LONGEST
            self._shown = {id: one for id, one in self._shown.items() if one.since > oldest}
