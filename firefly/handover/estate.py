"""What must be one server's alone: sandboxes, builders, jobs, the embedded database, the application's socket."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from firefly.builds.queueing.workers import Workers
from firefly.projects import Jobs
from firefly.proxy import Tunnels
from firefly.sandbox.handing import HandingKeeper
from firefly.store import EmbeddedPostgres

from .handover import Holdings, Successor


@dataclass(frozen=True, kw_only=True)
class Estate(Holdings):
    """`embedded` is None where the database is a server of its own; `listen` puts the application's socket in place."""

    keeper: HandingKeeper
    jobs: Jobs
    workers: Workers
    tunnels: Tunnels
    embedded: EmbeddedPostgres | None
    listen: Callable[[], Awaitable[None]]

    async def let_go(self, successor: Successor) -> None:
        # What they build in is the keeper's.
        await self.workers.let_go()
        await self.keeper.let_go(successor)
        # They begin again there, as after a restart.
        await self.jobs.let_go(partial(successor.note, "jobs"))
        self.tunnels.ask(partial(successor.call, "redeem"))
        if self.embedded is not None:
            await self.embedded.let_go()

    async def take_back(self) -> None:
        if self.embedded is not None:
            await self.embedded.take_over()
        self.tunnels.ask(None)
        await self.keeper.take_back()
        await self.listen()
        await self.jobs.open()
        self.workers.take_back()
