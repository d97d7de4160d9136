"""A keeper that can let go of all sandboxes without ending any: a successor keeps them, and is asked from then on."""

import asyncio
import socket
from typing import Any, Protocol
from uuid import UUID

from firefly.errors import TimedOut

from .backend import Instance, State
from .keeper import Keeper, PreparedWorkspace, Status, Wishes

# What was begun may end; a start that takes longer keeps the keeper.
SETTLE_LIMIT = 45.0
UNDER_WAY = (
    "sandbox-start-",
    "sandbox-stop-",
    "sandbox-claim-",
    "sandbox-freeze-",
    "sandbox-wake-",
    "sandbox-archive-",
)


class Successor(Protocol):
    """The keeper of another process. Calls raise what it raises."""

    async def comes(self) -> bool:
        """Wait until it can be asked; False where it never will."""

    async def call(self, name: str, *values: object) -> Any: ...

    def note(self, name: str, *values: object) -> None: ...


class HandingKeeper(Keeper):
    """`running` tells after `let_go` what was last heard of: whoever connects by it asks the successor first."""

    _successor: Successor | None = None
    _back: asyncio.Event

    async def let_go(self, successor: Successor) -> None:
        """Have `successor` asked from now on; returns when nothing that was begun here is under way any more.

        Raises TimedOut where that takes too long; everything then is as before.
        """
        self._successor, self._back = successor, asyncio.Event()
        try:
            async with asyncio.timeout(SETTLE_LIMIT):
                await self._tasks.settled(*UNDER_WAY)
        except TimeoutError:
            self._keep_on()
            raise TimedOut("A sandbox is starting or stopping, and takes its time. Try again later.") from None
        await self.close(give_up=False)
        await self._backend.close()

    async def take_back(self) -> None:
        """Keep all sandboxes again: those that run are adopted, as after a start of the server."""
        await self._backend.open()
        await self.open()
        # Not before: what is not adopted yet would be started a second time.
        self._keep_on()

    def _keep_on(self) -> None:
        self._successor = None
        self._back.set()

    async def _other(self) -> Successor | None:
        """Who keeps the sandboxes, if not this keeper; while that is open, wait."""
        successor = self._successor
        if successor is None or await successor.comes():
            return successor
        async with asyncio.timeout(SETTLE_LIMIT):
            await self._back.wait()
        return None

    async def close(self, *, stop_all: bool = False, give_up: bool = True) -> None:
        """What is a successor's is not stopped here, nor is its lease given up."""
        keeps = self._successor is None
        await super().close(stop_all=stop_all and keeps, give_up=give_up and keeps)

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        if (other := await self._other()) is None:
            return await super().ensure(workspace_id, insist=insist)
        return self._hear(await other.call("ensure", workspace_id, insist))

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        if (other := await self._other()) is None:
            return await super().connect(workspace_id, port)
        instance, (connection,) = await other.call("connect", workspace_id, port)
        connection.setblocking(False)
        return self._hear(instance), connection

    async def probe(self, workspace_id: UUID, port: int) -> socket.socket:
        if (other := await self._other()) is None:
            return await super().probe(workspace_id, port)
        connection: socket.socket
        _, (connection,) = await other.call("probe", workspace_id, port)
        connection.setblocking(False)
        return connection

    async def claim_prepared(self, owner: str | None = None) -> PreparedWorkspace | None:
        if (other := await self._other()) is None:
            return await super().claim_prepared(owner)
        prepared: PreparedWorkspace | None = await other.call("claim_prepared", owner)
        if prepared is not None:
            self._hear(prepared.instance)
        return prepared

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        if (other := await self._other()) is None:
            await super().stop(workspace_id, reason)
        else:
            await other.call("stop", workspace_id, reason)

    async def freeze(self, workspace_id: UUID, reason: str) -> None:
        if (other := await self._other()) is None:
            await super().freeze(workspace_id, reason)
        else:
            await other.call("freeze", workspace_id, reason)

    async def restart(self, workspace_id: UUID, reason: str = "Restarted on request.") -> Instance:
        if (other := await self._other()) is None:
            return await super().restart(workspace_id, reason)
        return self._hear(await other.call("restart", workspace_id, reason))

    async def remove(self, workspace_id: UUID) -> None:
        if (other := await self._other()) is None:
            await super().remove(workspace_id)
        else:
            await other.call("remove", workspace_id)

    async def accompany(self, workspace_id: UUID, image: str) -> None:
        if (other := await self._other()) is None:
            await super().accompany(workspace_id, image)
        else:
            await other.call("accompany", workspace_id, image)

    async def empty(self, workspace_id: UUID, reason: str) -> None:
        if (other := await self._other()) is None:
            await super().empty(workspace_id, reason)
        else:
            await other.call("empty", workspace_id, reason)

    async def status(self, workspace_id: UUID) -> Status:
        if (other := await self._other()) is None:
            return await super().status(workspace_id)
        found: Status = await other.call("status", workspace_id)
        return found

    async def ask(self, workspace_id: UUID, wishes: Wishes) -> None:
        if (other := await self._other()) is None:
            await super().ask(workspace_id, wishes)
        else:
            await other.call("ask", workspace_id, wishes)

    async def keep_awake(self, workspace_id: UUID, account_id: UUID, seconds: float, reason: str) -> None:
        if (other := await self._other()) is None:
            await super().keep_awake(workspace_id, account_id, seconds, reason)
        else:
            await other.call("keep_awake", workspace_id, account_id, seconds, reason)

    async def let_sleep(self, workspace_id: UUID, keep_awake_id: UUID) -> None:
        if (other := await self._other()) is None:
            await super().let_sleep(workspace_id, keep_awake_id)
        else:
            await other.call("let_sleep", workspace_id, keep_awake_id)

    async def logs(self, workspace_id: UUID) -> str:
        if (other := await self._other()) is None:
            return await super().logs(workspace_id)
        return str(await other.call("logs", workspace_id))

    def touch(self, workspace_id: UUID, at: float | None = None) -> None:
        if self._successor is None:
            super().touch(workspace_id, at)
        else:
            self._successor.note("touch", workspace_id)

    def _hear(self, instance: Instance) -> Instance:
        slot = self._slots.of(instance.workspace_id)
        slot.instance, slot.state = instance, State.RUNNING
        return instance
