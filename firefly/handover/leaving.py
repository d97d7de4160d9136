"""How a server goes: at once when told to, or when all is done after a successor has taken over."""

import asyncio
from dataclasses import dataclass

import structlog

from firefly.adapters.door import Doors
from firefly.adapters.parts import Hosting
from firefly.adapters.site import Site
from firefly.errors import FireflyError
from firefly.link import first
from firefly.projects import Jobs
from firefly.settings import Settings

from .handover import Handover
from .predecessor import Predecessor

# Handshakes and requests on their way in the moment of the change are seen only a little later.
SETTLE = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Leaving:
    settings: Settings
    doors: Doors
    site: Site
    handover: Handover
    predecessor: Predecessor | None

    async def is_succeeded(self, stopping: asyncio.Event) -> bool:
        """Wait until a successor has taken over, or `stopping` is set."""
        await first(stopping.wait(), self.handover.taken_over.wait())
        return self.handover.taken_over.is_set()

    async def drain(self, stopping: asyncio.Event) -> None:
        """Accept no more, and wait until what is open has ended, as long as the settings say.

        Cut short by `stopping`, and where the successor is gone: then nobody keeps sandboxes and database.
        """
        self.doors.retire()
        self.site.retire()
        await first(stopping.wait(), self.handover.forsaken(), self._ended())

    async def _ended(self) -> None:
        limit = self.settings.drain_handover
        await asyncio.sleep(SETTLE)
        await self.doors.ended(drain=limit, tunnels=limit)
        if self.predecessor is not None:
            # It asks this server for what the successor gives.
            await self.predecessor.gone.wait()


async def inherit(
    predecessor: Predecessor | None, hosting: Hosting, jobs: Jobs, handover: Handover, entered: asyncio.Event
) -> None:
    """Begin the jobs that a predecessor has `entered`, and when it is gone see to what it left in the middle of it."""
    if predecessor is None:
        return
    while not predecessor.gone.is_set():
        await first(predecessor.gone.wait(), entered.wait())
        entered.clear()
        try:
            await jobs.look()
            # After a further change of servers that is the successor's to do.
            if predecessor.gone.is_set() and not handover.has_let_go:
                await hosting.tidy()
        except FireflyError as error:
            log.warning("handover.not_tidied", reason=error.detail)
    log.info("handover.done", pid=predecessor.pid)
