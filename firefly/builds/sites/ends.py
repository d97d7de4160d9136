"""The end of sites with that of what they show: a branch, a tag, a pull request."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from firefly.errors import DatabaseUnavailable

from ..model import SiteState
from ..queueing.records import plain
from .draining import Draining
from .hosts import SiteHosts
from .records import SiteRecords

PAUSE, AT_A_TIME = 60.0, 50
# A build that is older and still begins to be shown has been forgotten.
LONGEST_START = timedelta(hours=1)
COLD = timedelta(days=7)
DELETED, UNUSED = "The project was deleted.", "Nobody has opened it for long. It begins anew when somebody does."
ABANDONED = "The server ended while it was being started."
log = structlog.get_logger()


class Ends:
    def __init__(
        self,
        *,
        records: SiteRecords,
        hosts: SiteHosts,
        draining: Draining,
        apply: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        """`apply` puts what is committed of hosts into effect here."""
        self._records = records
        self._queries = records.queries
        self._hosts = hosts
        self._draining = draining
        self._apply = apply

    async def ref_ended(self, project_id: UUID, ref: str, reason: str) -> int:
        """Take away its hosts, and stop its sites and empty them; returns how many there were.

        A build's own address stays: it starts from its artifact, for as long as that is kept.
        """
        async with self._records.database.transaction() as connection:
            await self._queries.lock_ref(connection, project_id=project_id, ref=ref)
            rows = [row async for row in self._queries.sites_of_ref(connection, project_id=project_id, ref=ref)]
            hosts = await self._hosts.take_away(project_id, ref, connection)
            for row in rows:
                await self._records.put(plain(row["id"]), SiteState.REMOVED, reason, connection)
                await self._draining.end(plain(row["id"]), reason, empties=True, connection=connection)
        await self._apply(hosts)
        await self._draining.look()
        return len(rows)

    async def heed(self, project_id: UUID, ref: str) -> None:
        """As `ref_ended`, for whoever tells the ends of refs."""
        await self.ref_ended(project_id, ref, _gone(ref))

    async def run(self) -> None:
        """Look at once and every minute, for as long as the server runs."""
        while True:
            try:
                await self.sweep()
            except DatabaseUnavailable as error:
                log.warning("sites.not_compared", reason=error.detail)
            # Whatever it is: nobody who is served would be better off without us.
            except Exception:
                log.exception("sites.not_compared")
            await asyncio.sleep(PAUSE)

    async def sweep(self) -> int:
        """End what nobody was told of, or could not end when he was; returns how many sites went.

        What nobody has opened for a week, and no ref shows any more, is emptied.
        """
        now, most = self._records.clock.now(), {"most": AT_A_TIME}
        async with self._records.database.connection() as connection:
            ended = [row async for row in self._queries.ended_refs(connection, **most)]
            ends = {
                plain(row["id"]): (reason, empties)
                for rows, reason, empties in (
                    (self._queries.of_deleted_projects(connection, **most), DELETED, False),
                    (self._queries.cold_sites(connection, before=now - COLD, **most), UNUSED, True),
                )
                for row in [row async for row in rows]
            }
            forgotten = self._queries.abandoned_sites(connection, before=now - LONGEST_START, **most)
            abandoned = [plain(row["id"]) async for row in forgotten]
        count = sum([await self.ref_ended(plain(row["project_id"]), row["ref"], _gone(row["ref"])) for row in ended])
        async with self._records.database.transaction() as connection:
            for site_id, (reason, empties) in ends.items():
                await self._draining.end(site_id, reason, empties=empties, connection=connection)
            for site_id in abandoned:
                await self._records.fail(site_id, ABANDONED, connection)
        self._draining.wake()
        return count


def _gone(ref: str) -> str:
    kind, _, name = ref.removeprefix("refs/").partition("/")
    what = {"heads": f"The branch {name}", "tags": f"The tag {name}", "pull": f"Pull request {name}"}[kind]
    return f"{what} {'is closed' if kind == 'pull' else 'is gone'}."
