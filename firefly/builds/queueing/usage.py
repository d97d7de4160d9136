"""What owners take up of builds and sites, beside what they may, and how what is too much is ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from ...auth import Identity
from ...errors import Forbidden, NotFound
from ...projects.access import is_administrator
from ...quotas.limits import PROJECTS
from ...settings import Settings
from ..model import BuildState
from .queue import Queue
from .records import Records, plain

MOST = 1000


class RunningSites(Protocol):
    """Fulfilled by `sites.SiteQuota`."""

    async def running(self, owner_id: UUID) -> int:
        """How many count."""

    async def enforce(self, owner_id: UUID, owner: str, *, dry: bool) -> Sequence[str]:
        """Stop those beyond the limit, which have run longest; what they are, also where they are only looked for."""


@dataclass(frozen=True, slots=True)
class Amount:
    """`most` is None where there is no limit."""

    used: int
    most: int | None

    @property
    def is_too_much(self) -> bool:
        return self.most is not None and self.used > self.most


@dataclass(frozen=True, slots=True)
class Usage:
    """`minutes` are those of this month."""

    owner_id: UUID
    owner: str
    projects: Amount
    queued: int
    running: Amount
    minutes: Amount
    sites: Amount

    @property
    def exceeded(self) -> Sequence[str]:
        return [name for name in ("projects", "running", "minutes", "sites") if getattr(self, name).is_too_much]


@dataclass(frozen=True, slots=True)
class Ended:
    """`what` names a build or a site."""

    owner: str
    what: str


class Usages:
    """Everybody sees his own; administrators see and enforce those of all."""

    def __init__(self, *, records: Records, queue: Queue, sites: RunningSites, settings: Settings) -> None:
        self._records = records
        self._queries = records.queries
        self._queue = queue
        self._sites = sites
        self._settings = settings

    async def check(self, identity: Identity, names: Sequence[str] = ()) -> Sequence[Usage]:
        """Of the owners that are named, else of all whom the caller may see. Raises Forbidden, NotFound."""
        if not is_administrator(identity):
            own = identity.account.name
            if set(names) - {own}:
                raise Forbidden("Only administrators see what others use.")
            names = [own]
        async with self._records.database.connection() as connection:
            month = self._records.clock.now().date().replace(day=1)
            rows = self._queries.usage(connection, names=list(names) or None, month=month, most=MOST)
            found = [row async for row in rows]
        unknown = set(names) - {row["name"] for row in found} - {identity.account.name}
        if unknown:
            raise NotFound(f"{min(unknown)} owns no project.")
        return [await self._usage(row) for row in found]

    async def _usage(self, row: Mapping[str, Any]) -> Usage:
        settings, owner_id = self._settings, plain(row["id"])
        return Usage(
            owner_id=owner_id,
            owner=row["name"],
            projects=Amount(row["projects"], PROJECTS),
            queued=row["queued"],
            running=Amount(row["running"], settings.builds_per_owner or None),
            minutes=Amount(int(row["seconds"]) // 60, settings.build_minutes_per_owner or None),
            sites=Amount(await self._sites.running(owner_id), settings.sites_per_owner or None),
        )

    async def enforce(self, identity: Identity, names: Sequence[str] = (), *, dry: bool = False) -> Sequence[Ended]:
        """End builds and sites beyond the limits; with `dry` only say which. Raises Forbidden."""
        if not is_administrator(identity):
            raise Forbidden("Only administrators may do this.")
        ended: list[Ended] = []
        for usage in await self.check(identity, names):
            ended += [Ended(usage.owner, what) for what in await self._end_builds(usage, dry=dry)]
            if usage.sites.is_too_much:
                sites = await self._sites.enforce(usage.owner_id, usage.owner, dry=dry)
                ended += [Ended(usage.owner, what) for what in sites]
        return ended

    async def _end_builds(self, usage: Usage, *, dry: bool) -> Sequence[str]:
        """All where the minutes are used up, else the newest that are too many."""
        if usage.minutes.is_too_much:
            surplus, reason = usage.running.used, "The minutes of this month are used up."
        elif usage.running.is_too_much:
            surplus, reason = usage.running.used - (usage.running.most or 0), "Too many builds of one owner ran."
        else:
            return []
        async with self._records.database.transaction() as connection:
            rows = [row async for row in self._queries.running_of_owner(connection, owner_id=usage.owner_id)][:surplus]
            for row in rows if not dry else ():
                await self._queue.end(plain(row["id"]), BuildState.CANCELLED, reason, connection)
        return [f"build {row['number']} of {row['project']}" for row in rows]
