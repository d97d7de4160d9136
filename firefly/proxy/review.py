"""What is under way, looked at again: it ends where its route is gone or its visitor may not see it any longer."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from firefly.routes import Route

from . import reception, viewer
from .heads import Head
from .unsure import UnsureGate

if TYPE_CHECKING:
    from .connection import Connection
    from .context import Context

# Others have their turn in between.
AT_ONCE = 64

log = structlog.get_logger()


class Review:
    def __init__(self, context: "Context") -> None:
        self._context = context
        self._gate = context.gate
        self._routes_gone = False

    def cut(self, ended: Callable[[object], bool]) -> None:
        """End the tunnels that the app asked for and whose holder has `ended`; ask the gate anew about all else."""
        context = self._context
        context.cuts += 1
        for pipe in list(context.pipes):
            if pipe.holder is not None and ended(pipe.holder):
                pipe.abort()
        for client in list(context.connections):
            if client.holder is not None and ended(client.holder):
                client.transport.abort()
        self._send_viewers_again()
        context.spawn(self._ask())

    @property
    def unsure(self) -> bool:
        """Whether nobody can know who may look."""
        return self._context.gate is not self._gate

    @unsure.setter
    def unsure(self, unsure: bool) -> None:
        # In place of the gate, so that requests do not pay for a question that is nearly always answered with no.
        self._context.gate = UnsureGate(self._gate) if unsure else self._gate
        self.cut(lambda holder: False)

    def note(self, _routes: Sequence[Route], gone: Sequence[str]) -> None:
        """Hear of a change of the route table."""
        self._routes_gone = self._routes_gone or bool(gone)

    async def look(self) -> None:
        """End requests, tunnels and pages that wait of hosts that show nothing any more. Called once a tick."""
        if not self._routes_gone:
            return
        self._routes_gone = False
        for number, (head, abort) in enumerate(self._previews()):
            if self._context.hosts.resolve(head.host)[1] is None:
                abort()
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        self._send_viewers_again()

    def _previews(self) -> list[tuple[Head, Callable[[], None]]]:
        """All that is under way to previews, tunnels and requests: what began each, and how to end it."""
        context = self._context
        heads = [
            (client.head, partial(_abort, client, client.head))
            for client in context.connections
            if client.dress.preview and client.head is not None and client.viewer is None
        ]
        return heads + [(pipe.head, pipe.abort) for pipe in context.pipes if pipe.head]

    def _send_viewers_again(self) -> None:
        """What they read may not be for their eyes any more: the gate decides when they ask again."""
        for client in list(self._context.viewers):
            viewer.send_again(client)

    async def _ask(self) -> None:
        for number, (head, abort) in enumerate(self._previews()):
            if not await self._stands(head):
                abort()
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _stands(self, head: Head) -> bool:
        try:
            return await reception.still_passes(self._context, head)
        # Whatever it is: the tunnels after this one have to be looked at too.
        except Exception as error:
            log.warning("gate.failed", error=repr(error))
            return False


def _abort(client: "Connection", head: Head) -> None:
    """End a request that is still under way."""
    if client.head is head:
        client.transport.abort()
