"""What running sites print: fetched from their sandboxes, kept up to a bound, and shown while it comes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog

from ...bus import JSON, Bus
from ...errors import DatabaseUnavailable, FireflyError
from ...protocol.application import Line as Printed
from ...protocol.application import Stream as PrintedTo
from ...store import Database, load_queries
from ..queueing.records import plain
from .encoding import BEAT, Encoded, encode_lines
from .pieces import Block, Line, Piece, Stream, batches, pack, unpack
from .reading import LogPage, read

log = structlog.get_logger()

# Its events: `site_log.watched` and `site_log.grown`, of a `build_id`.
TOPIC = "site_log"
# Bytes of text that are kept of one site.
MOST = 1 << 20
# Seconds between two looks; at sites that somebody watches more often.
LOOK_EVERY, WATCHED_EVERY = 10.0, 0.5
# Who watches says so as often, and counts for a little longer.
WATCHING, WATCHED_FOR = 5.0, 12.0
AT_ONCE = 16
# Of all who read, those for whom lines are made ready beside the loop at one time.
READERS = 2
# Seconds that a sandbox gets to answer: one that is silent keeps up no other.
PATIENCE = 2.0
HEARTBEAT = 15.0
_STREAMS: Mapping[PrintedTo, Stream] = {PrintedTo.OUT: "out", PrintedTo.ERR: "err", PrintedTo.SYSTEM: "firefly"}

# What the sandbox of a workspace printed behind a line; the workspaces whose sandboxes run here.
Output = Callable[[UUID, int | None], Awaitable[Sequence[Printed]]]
Running = Callable[[], Sequence[UUID]]


class SiteLog:
    """Lines are numbered from 1; `at` is in ms since 1970, since a site has no beginning of its own.

    A block's `step` is the number that the sandbox gave its first line, so that the next look begins behind it.
    """

    def __init__(self, database: Database, bus: Bus, *, output: Output, running: Running) -> None:
        self._database = database
        self._bus = bus
        self._output = output
        self._running = running
        self._queries: Any = load_queries("build_log")
        self._watched: dict[UUID, float] = {}
        self._grown: dict[UUID, asyncio.Event] = {}
        self._hurry = asyncio.Event()
        self._readers = asyncio.Semaphore(READERS)

    async def run(self) -> None:
        """Fetch what the sites of this server print, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._look_for_ever())

    async def _hear(self) -> None:
        async with aclosing(self._bus.hear(TOPIC)) as events:
            async for event in events:
                if (build_id := event.data.get("build_id")) is None:
                    continue
                if event.kind == "site_log.watched":
                    self._watched[UUID(str(build_id))] = time.monotonic() + WATCHED_FOR
                    self._hurry.set()
                elif grown := self._grown.pop(UUID(str(build_id)), None):
                    grown.set()

    async def _look_for_ever(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self.look()
                await self._look_at_watched(began + LOOK_EVERY)
            except FireflyError as error:
                log.warning("site_log.not_read", reason=error.detail)
                await asyncio.sleep(LOOK_EVERY)
            # Whatever it is: they are read the next time.
            except Exception:
                log.exception("site_log.not_read")
                await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """At all sites that run here."""
        await self._look_at(await self._sites())

    async def _look_at(self, sites: Sequence[tuple[UUID, UUID]]) -> None:
        """Some at a time."""
        for start in range(0, len(sites), AT_ONCE):
            await asyncio.gather(*(self._try(*site) for site in sites[start : start + AT_ONCE]))

    async def _look_at_watched(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            now = time.monotonic()
            self._watched = {build_id: end for build_id, end in self._watched.items() if end > now}
            if not self._watched:
                self._hurry.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._hurry.wait()
                continue
            await self._look_at([site for site in await self._sites() if site[0] in self._watched])
            await asyncio.sleep(WATCHED_EVERY)

    async def _sites(self) -> list[tuple[UUID, UUID]]:
        async with self._database.connection() as connection:
            rows = self._queries.sites_to_read(connection, workspace_ids=self._running())
            return [(plain(row["build_id"]), plain(row["workspace_id"])) async for row in rows]

    async def _try(self, build_id: UUID, workspace_id: UUID) -> None:
        try:
            await self._fetch(build_id, workspace_id)
        except DatabaseUnavailable:
            raise
        # What a sandbox says may be anything: the server serves on, and the other sites are looked at.
        except Exception as error:
            log.warning("site_log.nonsense", build=str(build_id), reason=repr(error))

    async def _fetch(self, build_id: UUID, workspace_id: UUID) -> None:
        newest = await self._newest(build_id)
        try:
            async with asyncio.timeout(PATIENCE):
                lines = await self._output(workspace_id, _last_seen(newest))
        except (FireflyError, TimeoutError) as error:
            log.debug("site_log.no_answer", build=str(build_id), reason=str(error))
            return
        next_line = newest.next_line if newest else 1
        for blocks in batches(list(_blocks(lines))):
            piece = Piece(next_line, sum(block.lines for block in blocks), _size(blocks), pack(blocks))
            await self._add(build_id, piece)
            next_line = piece.next_line

    async def _newest(self, build_id: UUID) -> Piece | None:
        async with self._database.connection() as connection:
            row = await self._queries.newest_of_site_log(connection, build_id=build_id)
        return Piece(**row) if row else None

    async def _add(self, build_id: UUID, piece: Piece) -> None:
        async with self._database.connection() as connection:

            async def store(channel: str, event: str) -> None:
                await self._queries.add_to_site_log(
                    connection, build_id=build_id, first_line=piece.first_line, lines=piece.lines, size=piece.size,
                    data=piece.data, most=MOST, channel=channel, event=event,
                )  # fmt: skip

            await self._bus.publish_by(store, TOPIC, "site_log.grown", _about(build_id))

    async def page(self, build_id: UUID, *, after: int = 0, limit: int = 1000) -> LogPage:
        """Of what is kept, the lines behind line `after`."""
        found: list[Line] = []
        while len(found) <= limit and (pieces := await self._pieces(build_id, after + 1)):
            async with self._readers:
                found += await asyncio.to_thread(_shown, pieces, after)
            after = pieces[-1].next_line - 1
        return LogPage(found[:limit], found[limit - 1].n if len(found) > limit else None)

    async def follow(self, build_id: UUID, after: int) -> AsyncGenerator[bytes, None]:
        """The lines behind `after` as Server-Sent Events, as they come, for as long as anybody reads them."""
        told_at = beat_at = 0.0
        while True:
            grown = self._grown.setdefault(build_id, asyncio.Event())
            if time.monotonic() - told_at > WATCHING:
                told_at = time.monotonic()
                await self._bus.publish(TOPIC, "site_log.watched", _about(build_id))
            pieces = await self._pieces(build_id, after + 1)
            if pieces and (event := await self._event(pieces, after)):
                beat_at, after = time.monotonic(), event.last
                yield event.data
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(WATCHING):
                        await grown.wait()
                if time.monotonic() - beat_at > HEARTBEAT:
                    beat_at = time.monotonic()
                    yield BEAT

    async def _event(self, pieces: Sequence[Piece], after: int) -> Encoded | None:
        async with self._readers:
            return await asyncio.to_thread(_encoded, pieces, after)

    async def _pieces(self, build_id: UUID, line: int) -> list[Piece]:
        async with self._database.connection() as connection:
            rows = self._queries.site_log_from(connection, build_id=build_id, line=line, most=AT_ONCE)
            return [Piece(**row) async for row in rows]


def _shown(pieces: Sequence[Piece], after: int) -> list[Line]:
    return [replace(line, step=0) for line in read(pieces, after)]


def _encoded(pieces: Sequence[Piece], after: int) -> Encoded | None:
    lines = _shown(pieces, after)
    return encode_lines(lines) if lines else None


def _last_seen(newest: Piece | None) -> int | None:
    """The number that the sandbox gave to the last line that is stored."""
    if newest is None:
        return None
    block = unpack(newest.data)[-1]
    return block.step + block.lines - 1


def _blocks(lines: Sequence[Printed]) -> Iterator[Block]:
    """Lines of one stream that came in the same second, and follow one another."""
    numbered = enumerate(lines)
    together = groupby(numbered, key=lambda one: (one[1].stream, int(one[1].time.timestamp()), one[1].seq - one[0]))
    for (stream, _, _), group in together:
        found = [line for _, line in group]
        text = "\n".join(line.text.replace("\n", " ") for line in found).encode(errors="replace")
        at = round(found[0].time.timestamp() * 1000)
        yield Block(at, found[0].seq, _STREAMS[stream], len(found), text)


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) + 1 for block in blocks)


def _about(build_id: UUID) -> Mapping[str, JSON]:
    return {"build_id": str(build_id)}
