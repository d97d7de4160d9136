"""The bus without a database, for tests of what publishes and subscribes."""

import time
from collections.abc import Mapping
from itertools import count

from firefly.bus import JSON, Bus, Event, Notify
from firefly.bus.postgres import encode
from firefly.store import Connection


class MemoryBus(Bus):
    """Delivers at once, within the process; `published` keeps every event for assertions.

    A `connection` given to `publish` is ignored: the event is seen before, not after, the commit. `silent_since` is
    when it was last heard; None: just now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.silent_since: float | None = None
        self.sessions = 1
        self.published: list[Event] = []
        self._ids = count(1)

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        self._end()

    @property
    def session(self) -> int:
        return self.sessions

    @property
    def heard_at(self) -> float:
        return time.monotonic() if self.silent_since is None else self.silent_since

    async def publish(
        self, topic: str, kind: str, data: Mapping[str, JSON], *, connection: Connection | None = None
    ) -> None:
        encode(topic, kind, data)
        event = Event(topic, kind, dict(data), next(self._ids))
        self.published.append(event)
        self._deliver(event)

    async def publish_by(self, notify: Notify, topic: str, kind: str, data: Mapping[str, JSON]) -> None:
        """What `notify` sends beside what it writes, nobody hears."""
        await notify("nobody", encode(topic, kind, data))
        await self.publish(topic, kind, data)

    def lose(self) -> None:
        """What a lost connection does to subscribers."""
        self._deliver_missed()
