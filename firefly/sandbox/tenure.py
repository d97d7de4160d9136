"""The time for which a keeper keeps the sandboxes: from taking the lease until another server has it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from firefly.errors import FireflyError
from firefly.store.failures import RAISED

from .lease import Lease

log = structlog.get_logger()

LOST = (FireflyError, *RAISED)


class Tenure:
    """`begin` adopts all sandboxes, `end` lets go of them; both are called again and again while servers change."""

    def __init__(
        self, lease: Lease, *, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
    ) -> None:
        self.lease = lease
        self._begin = begin
        self._end = end
        self._keeps = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin where the lease can be had, else when it can; renew it from now on. Raises what `begin` raises."""
        if not await self._try():
            log.warning("keeper.waiting", node=self.lease.node, reason="another server keeps its sandboxes")
        self._task = asyncio.create_task(self._keep(), name="keeper-lease")

    async def close(self) -> None:
        """Renew no more; what is left of the lease is for ending what was begun."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._keeps = False

    async def give_up(self) -> None:
        """Let any server keep the sandboxes from now on; else only one in the same place may before the lease ends."""
        try:
            await self.lease.give_up()
        except LOST as error:
            log.warning("keeper.lease_kept", node=self.lease.node, reason=str(error))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.lease.seconds / 3)
            try:
                await self._turn()
            except LOST as error:
                log.warning("keeper.not_renewed", node=self.lease.node, held=self.lease.held, reason=str(error))
            # Whatever it is, the next turn may succeed; without one nobody would keep the sandboxes.
            except Exception:
                log.exception("keeper.not_renewed", node=self.lease.node)

    async def _turn(self) -> None:
        if not self._keeps:
            await self._try()
        elif not await self.lease.renew():
            log.warning("keeper.succeeded", node=self.lease.node)
            self._keeps = False
            await self._end()

    async def _try(self) -> bool:
        if not await self.lease.take():
            return False
        await self._begin()
        self._keeps = True
        log.info("keeper.keeps", node=self.lease.node)
        return True
