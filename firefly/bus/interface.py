"""What a bus is: small events that wake others. What must not be lost stands in PostgreSQL; the bus only wakes."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias

from ..store import Connection

JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None
# Sends an event, given a channel and a text.
Notify: TypeAlias = Callable[[str, str], Awaitable[object]]

# Of a notification's 8000 bytes, what is left beside the frame around the data.
LARGEST_EVENT = 7600
QUEUE = 1024
# Seconds between two looks at a bus that has ended.
PAUSE = 1.0
MISSED: Final = "bus.missed"


@dataclass(frozen=True)
class Event:
    """`id` grows over all replicas; events of transactions that overlap may arrive out of its order.

    The kind `bus.missed` (MISSED, id 0) comes from the bus itself, to every subscriber: events were lost, so read
    again whatever you mirror.
    """

    topic: str
    kind: str
    data: Mapping[str, JSON]
    id: int


class Bus(ABC):
    """Publishes events to every subscriber on every replica, this process included.

    Topics: `events` (what the UI streams; data holds `project_id`, a string or None, and, where only one account may
    see it, `account_id`), `routes`, `grants`, `access`, `sandboxes`, `builds`.
    """

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None:
        """Ends every subscription's iteration."""

    @property
    @abstractmethod
    def session(self) -> int:
        """Grows with each connection that listens: between two of them events may have been lost."""

    @property
    @abstractmethod
    def heard_at(self) -> float:
        """When the listening connection last showed that it lives, on the clock of time.monotonic."""

    @abstractmethod
    async def publish(
        self, topic: str, kind: str, data: Mapping[str, JSON], *, connection: Connection | None = None
    ) -> None:
        """Send an event; with `connection`, as part of its transaction, seen only after the commit.

        Raises TooLarge when the data exceeds 7600 bytes of JSON.
        """

    @abstractmethod
    async def publish_by(self, notify: Notify, topic: str, kind: str, data: Mapping[str, JSON]) -> None:
        """Like `publish`; `notify(channel, event)` sends it, by a statement that writes something too.

        In SQL: `select pg_notify(:channel, nextval('bus_event_ids')::text || ' ' || :event::text)`.
        """

    def subscribe(self, *topics: str) -> "Subscription":
        """Events of `topics` from the moment when the returned context is entered."""
        return Subscription(self._subscriptions, frozenset(topics))

    async def hear(self, *topics: str) -> AsyncGenerator[Event, None]:
        """Events of `topics` for ever, also where the bus ends and begins again.

        One of kind MISSED comes first each time that this listens, since nobody did before.
        """
        while True:
            async with self.subscribe(*topics) as subscription:
                yield Event(min(topics), MISSED, {}, 0)
                async for event in subscription:
                    subscription.missed = False
                    yield event
            await asyncio.sleep(PAUSE)

    def _deliver(self, event: Event) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(event)

    def _deliver_missed(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.miss()

    def _end(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.end()


class Subscription:
    """An async context manager and iterator; holds at most 1024 events for a reader that is slow.

    On overflow, or when the bus lost its connection for a while, what waits is dropped, `missed` becomes true and
    one event of kind MISSED arrives. The reader sets `missed` back.
    """

    def __init__(self, register: set["Subscription"], topics: frozenset[str]) -> None:
        self.topics = topics
        self.missed = False
        self._register = register
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE + 1)

    async def __aenter__(self) -> Self:
        self._register.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._register.discard(self)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            self.end()
            raise StopAsyncIteration
        return event

    def offer(self, event: Event) -> None:
        if event.topic not in self.topics:
            return
        if self._queue.qsize() >= QUEUE:
            self.miss()
        else:
            self._queue.put_nowait(event)

    def miss(self) -> None:
        self._drain()
        self.missed = True
        self._queue.put_nowait(Event(min(self.topics, default=""), MISSED, {}, 0))

    def end(self) -> None:
        """Let the reader take what waits, then stop."""
        self._register.discard(self)
        if not self._queue.full():
            self._queue.put_nowait(None)

    def _drain(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
