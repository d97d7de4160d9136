"""GET /events: every change of state, kept for a while so that a reader can resume, told to whom it concerns."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from aiohttp import web

from firefly.bus import MISSED, Event
from firefly.errors import FireflyError

from .sse import Message

if TYPE_CHECKING:
    from firefly.auth import Identity

    from .services import Services

TOPIC = "events"
# A reader that was away for more events than this is told to load everything anew.
KEPT = 2000
QUEUE = 500
# How long the list of what a reader may see is believed; events about members and projects end it at once.
VISIBLE_FOR = 5.0
RETHINK = ("project.", "members.")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    number: int
    kind: str
    data: Mapping[str, object]
    whole: bool = True
    """Whether it says whose it is, where that can be told."""


@dataclass(eq=False)
class Reader:
    """One open stream. `missed`: it was too slow, and its queue was given up."""

    identity: "Identity"
    queue: "asyncio.Queue[Kept]" = field(default_factory=lambda: asyncio.Queue(QUEUE))
    missed: bool = False
    visible: frozenset[UUID] = frozenset()
    looked_at: float = float("-inf")


class EventHub:
    """Reads the bus once for all readers of this server.

    Ids are `<boot>-<number>`: after a restart numbers begin anew, and a reader that comes with the id of another
    boot, or of an event that is no longer kept, gets `stream.reset` first: what it shows may be stale.
    """

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Kept] = deque(maxlen=KEPT)
        self._readers: set[Reader] = set()

    async def run(self) -> None:
        """Until cancelled."""
        async with aclosing(self._services.bus.hear(TOPIC)) as events:
            async for event in events:
                if event.kind == MISSED:
                    self._reset()
                else:
                    await self._try_to_keep(event)

    async def _try_to_keep(self, event: Event) -> None:
        try:
            await self._keep(event.kind, event.data)
        # Whose it is cannot be told: whoever it concerns reads anew.
        except FireflyError as error:
            log.warning("events.not_kept", kind=event.kind, reason=error.detail)
            self._reset()

    def _reset(self) -> None:
        self._kept.clear()
        for reader in self._readers:
            reader.missed = True
            if not reader.queue.full():
                reader.queue.put_nowait(Kept(self._number, "", {}))

    async def _complete(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """Sandboxes know only their workspace: readers want to know whose it is."""
        workspace = data.get("workspace_id")
        if not workspace or data.get("project_id"):
            return data
        facts = await self._services.projects.by_workspace(UUID(str(workspace)))
        if facts is None:
            return data
        whose = {"project_id": str(facts.project_id), "owner": facts.owner, "name": facts.name}
        # What happens in a member's own workspace is told to nobody else.
        own = {"member": facts.member, "account_id": str(facts.member_id)} if facts.member else {}
        return {**data, **whose, **own}

    async def _made_whole(self, kept: Kept) -> Kept:
        return kept if kept.whole else replace(kept, data=await self._complete(kept.data), whole=True)

    async def _keep(self, kind: str, data: Mapping[str, object]) -> None:
        """Where nobody reads, whose it is is asked when somebody does."""
        whole = bool(self._readers)
        if whole:
            data = await self._complete(data)
        self._number += 1
        kept = Kept(self._number, kind, data, whole)
        self._kept.append(kept)
        for reader in self._readers:
            if reader.queue.full():
                reader.missed = True
            else:
                reader.queue.put_nowait(kept)

    @property
    def readers(self) -> int:
        return len(self._readers)

    async def read(self, identity: "Identity", last_id: str | None) -> AsyncGenerator[Message, None]:
        """What happens from now on, and before that what happened after `last_id`, as far as `identity` may see."""
        reader = Reader(identity)
        missed, earlier = self._since(last_id)
        self._readers.add(reader)
        try:
            yield Message("stream.reset" if missed else "stream.open", {}, self._id(self._number - len(earlier)))
            for kept in earlier:
                kept = await self._made_whole(kept)
                if await self._concerns(reader, kept):
                    yield self._message(kept)
            while True:
                kept = await self._made_whole(await reader.queue.get())
                if reader.missed:
                    self._forget_queue(reader)
                    yield Message("stream.reset", {}, self._id(self._number))
                elif await self._concerns(reader, kept):
                    yield self._message(kept)
        finally:
            self._readers.discard(reader)

    def _since(self, last_id: str | None) -> tuple[bool, list[Kept]]:
        """Whether something was missed, and what is still kept after `last_id`."""
        if not last_id:
            return False, []
        boot, _, number = last_id.partition("-")
        # As a text: of thousands of digits none is read.
        known = boot == self._boot and number.isascii() and number.isdecimal() and len(number) < 16
        if not known or int(number) > self._number:
            return True, []
        oldest = self._kept[0].number if self._kept else self._number + 1
        if int(number) + 1 < oldest:
            return True, []
        return False, [kept for kept in self._kept if kept.number > int(number)]

    @staticmethod
    def _forget_queue(reader: Reader) -> None:
        reader.missed = False
        with suppress(asyncio.QueueEmpty):
            while True:
                reader.queue.get_nowait()

    def _id(self, number: int) -> str:
        return f"{self._boot}-{number}"

    def _message(self, kept: Kept) -> Message:
        return Message(kept.kind, kept.data, self._id(kept.number))

    async def _concerns(self, reader: Reader, kept: Kept) -> bool:
        account = kept.data.get("account_id")
        if account is not None:
            return str(account) == str(reader.identity.account.id)
        project = kept.data.get("project_id")
        if not project:
            return False
        if kept.kind.startswith(RETHINK) or time.monotonic() - reader.looked_at > VISIBLE_FOR:
            before = reader.visible
            reader.visible = await self._services.projects.visible_ids(reader.identity)
            reader.looked_at = time.monotonic()
            # Somebody who has just lost a project is told so by the event that took it.
            return UUID(str(project)) in reader.visible | before
        return UUID(str(project)) in reader.visible


EVENT_HUB: web.AppKey[EventHub] = web.AppKey("event_hub", EventHub)


async def run_event_hub(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[EVENT_HUB].run(), name="event hub")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
