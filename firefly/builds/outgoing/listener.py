"""Hears of builds, and writes down for each hook that wants it what it is to be sent."""

from ..asking.pushing import build_url
from ..seams import Notice
from .flavours import Happening, events_of, message
from .model import Flavour
from .records import HookRecords


class HookListener:
    """Fulfils `Listener`. `url` is where users reach the app."""

    name = "outgoing hooks"
    kinds = frozenset({"queued", "started", "ended", "live", "gone"})

    def __init__(self, records: HookRecords, *, url: str) -> None:
        self._records = records
        self._url = url

    async def heed(self, notice: Notice) -> None:
        build = notice.build
        events = events_of(notice.kind, build.state)
        url = build_url(self._url, build.owner, build.project, build.number)
        happening = Happening(events[0], build, url, notice.data)
        async with self._records.database.transaction() as connection:
            rows = self._records.queries.wanting(connection, project_id=build.project_id, events=events)
            for row in [row async for row in rows]:
                body = message(Flavour(row["flavour"]), happening)
                await self._records.deliver(row["id"], build.id, events[0], body, connection)
