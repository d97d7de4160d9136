"""Looking at the health of members: by a connection, or by a GET; seldom, and never at what sleeps."""

import asyncio
import random
import socket
from typing import TYPE_CHECKING

from firefly.errors import FireflyError, Unavailable

from .probing import status_of

if TYPE_CHECKING:
    from .context import Context
    from .dialer import Dialer
    from .spread import Balancer, Member

# Seconds between two looks at a member, give or take a fifth.
EVERY = 5.0
JITTER = 0.2
# Looks at one time, at all members together.
AT_ONCE = 16


class Checks:
    def __init__(self, context: "Context", dialer: "Dialer") -> None:
        self._context = context
        self._dialer = dialer
        self._running = 0

    def sweep(self) -> None:
        """Begin the looks that are due at members of spreads that are in use."""
        for balancer in self._context.spreads.in_use():
            if balancer.health is None:
                continue
            for member in balancer.members:
                if self._running >= AT_ONCE:
                    return
                if member.check_at <= self._context.now and self._dialer.is_awake(member.target):
                    self._begin(balancer, member)

    def _begin(self, balancer: "Balancer", member: "Member") -> None:
        assert balancer.health is not None
        self._running += 1
        pause = EVERY * random.uniform(1 - JITTER, 1 + JITTER)
        member.check_at = self._context.now + balancer.health.timeout + pause
        self._context.spawn(self._look(balancer, member, pause))

    async def _look(self, balancer: "Balancer", member: "Member", pause: float) -> None:
        try:
            well = await self._is_well(balancer, member)
        finally:
            self._running -= 1
            member.check_at = self._context.now + pause
        # What fell asleep meanwhile is not ill.
        if well is not None and self._dialer.is_awake(member.target):
            balancer.examined(member, well=well)

    async def _is_well(self, balancer: "Balancer", member: "Member") -> bool | None:
        """None: it cannot be told."""
        health = balancer.health
        assert health is not None
        try:
            async with asyncio.timeout(health.timeout):
                with await self._dialer.probe(member.target) as connection:
                    return health.path is None or await _answers(connection, health.path)
        except Unavailable:
            return None
        except (FireflyError, OSError, TimeoutError):
            return False


async def _answers(connection: socket.socket, path: str) -> bool:
    status = await status_of(connection, path)
    return status is not None and 200 <= status < 400
