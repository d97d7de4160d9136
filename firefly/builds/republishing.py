"""Shows what was built where its builder died before he had: a listener of a notice that the builder left."""

from .model import BuildState
from .queueing.claims import PUBLISHER
from .queueing.workers import OpenLog
from .seams import Notice, Publisher

# Seconds; a site may take minutes to listen, and minutes to answer for the first time.
LIMIT = 1500.0


class Republishing:
    """Fulfils `Listener`."""

    name = PUBLISHER
    # None of itself: the notice is written by whoever finishes a build, and ended by him.
    kinds: frozenset[str] = frozenset()

    def __init__(self, publisher: Publisher, open_log: OpenLog) -> None:
        self._publisher = publisher
        self._open_log = open_log

    async def heed(self, notice: Notice) -> None:
        if notice.build.state is BuildState.SUCCEEDED:
            async with self._open_log(notice.build) as build_log:
                await self._publisher.publish(notice.build, build_log)
