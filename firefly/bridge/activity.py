"""What the bridge is in the middle of, gathered from those who know: nothing of it may be frozen or stopped."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

from firefly.bridge.application.ports import listening
from firefly.bridge.tasks import in_thread
from firefly.protocol.activity import LONGEST, MOST_BUSY, MOST_PORTS, Wishes
from firefly.protocol.activity import Activity as Told

Busy = Callable[[], Iterable[str]]
"""Phrases for people, none where nothing is going on; asked often, so it must be quick."""


class Activity:
    def __init__(self, *, busy: Sequence[Busy], wishes: Callable[[], Wishes | None]) -> None:
        self._busy = busy
        self._wishes = wishes

    async def now(self) -> Told:
        phrases = chain.from_iterable(ask() for ask in self._busy)
        return Told(
            busy=[phrase[:LONGEST] for phrase in islice(phrases, MOST_BUSY)],
            ports=(await in_thread(listening))[:MOST_PORTS],
            wishes=self._wishes(),
        )
