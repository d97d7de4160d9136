"""The bus without a database, for tests of what publishes and subscribes."""

from collections.abc import Mapping
from itertools import count

from firefly.bus import JSON, Bus, Event
from firefly.bus.postgres import encode
from firefly.store import Connection


class MemoryBus(Bus):
    """Delivers at once, within the process; `published` keeps every event for assertions.

    A `connection` given to `publish` is ignored: the event is seen before, not after, the commit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Event] = []
        self._ids = count(1)

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        self._end()

    async def publish(
        self, topic: str, kind: str, data: Mapping[str, JSON], *, connection: Connection | None = None
    ) -> None:
        encode(topic, kind, data)
        event = Event(topic, kind, dict(data), next(self._ids))
        self.published.append(event)
        self._deliver(event)

    def lose(self) -> None:
        """What a lost connection does to subscribers."""
        self._deliver_missed()
