"""The front door: listens, owns connections, pool and timers, and is taken down in order."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import structlog

from firefly.routes import RouteTable, Target

from . import delivery, timers, viewer
from .acceptor import Acceptor
from .connection import Connection
from .context import Context
from .dialer import Dialer
from .forwarded import TrustedProxies
from .gate import Gate
from .hosts import Hosts
from .journal import TICK, Journal
from .lag import Lag
from .limits import Limits
from .numbers import numbers
from .onward import OnwardConnection
from .pages import Pages
from .report import Minute, Report
from .review import Review
from .seams import Redeem
from .tunnels import Tunnels
from .turns import AT_ONCE

# How often a front door that closes looks whether everything has ended.
PAUSE = 0.02
BACKLOG = 1024
# Others have their turn in between.
CHECKED_AT_ONCE = 64

log = structlog.get_logger()


class FrontDoor:
    """One listening address in front of the app and all previews.

    Parameters
    ----------
    table: hosts below the content domain; the app's own host needs no entry
    app_path: the unix socket that the application listens on
    app_url: how users reach the app, `settings.url`
    content_domain: as in the setting, with its port
    trusted_proxies: addresses and networks whose X-Forwarded-* are believed
    announced: connections come from these proxies alone, and begin with the PROXY protocol
    tunnels: redeems the handles of `X-Firefly-Tunnel`: `Tunnels.redeem`
    """

    def __init__(
        self,
        *,
        table: RouteTable,
        gate: Gate,
        dialer: Dialer,
        app_path: Path,
        app_url: str,
        content_domain: str,
        pages: Pages | None = None,
        trusted_proxies: Sequence[str] = (),
        announced: bool = False,
        limits: Limits | None = None,
        tunnels: Redeem | None = None,
        journal: Journal | None = None,
    ) -> None:
        hosts = Hosts(table, app_url=app_url, content_domain=content_domain)
        pages = pages or Pages()
        pages.frame_in(hosts.app_origin)
        self._context = Context(
            hosts=hosts,
            gate=gate,
            dialer=dialer,
            app_path=app_path,
            pages=pages,
            proxies=TrustedProxies(trusted_proxies),
            announced=announced,
            limits=limits or Limits(),
            redeem=tunnels or Tunnels().redeem,
            journal=journal or Journal(),
        )
        self._review = Review(self._context)
        table.on_change(self._review.note)
        self._acceptors: list[Acceptor] = []
        self._lag = Lag()
        self._minute = Minute(self._context, self._lag)
        self._ticker: asyncio.Task[None] | None = None

    async def start(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        sock: socket.socket | None = None,
        tls: ssl.SSLContext | None = None,
        onward: bool = False,
    ) -> int:
        """Listen on an address of IPv4 or on a socket that already listens; returns the port. Raises OSError.

        Parameters
        ----------
        tls: what connections are encrypted with; None: plain http
        onward: only send visitors on to https, except those that prove to an authority who owns a host
        """
        loop = asyncio.get_running_loop()
        self._context.open(loop)
        listener = sock or socket.create_server((host, port), backlog=BACKLOG)
        acceptor = Acceptor(listener, self._context, OnwardConnection if onward else Connection, tls)
        acceptor.open()
        self._acceptors.append(acceptor)
        if self._ticker is None:
            self._lag.open(loop)
            self._ticker = loop.create_task(self._tick())
        return int(listener.getsockname()[1])

    async def close(self, *, drain: float = 10, tunnels: float = 0) -> None:
        """Stop listening; requests get `drain` seconds for their end, and tunnels, which have none, `tunnels`."""
        context = self._context
        self.retire()
        for connection in list(context.connections):
            timers.drain(connection)
        await self.ended(drain=drain, tunnels=tunnels)
        if self._ticker is not None:
            self._lag.close()
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        await context.cancel()

    def retire(self) -> None:
        """Stop listening; each connection ends with its next answer."""
        while self._acceptors:
            self._acceptors.pop().close()
        self._context.draining = True
        self._context.pool.close()

    async def ended(self, *, drain: float, tunnels: float) -> None:
        """Wait until nothing is open any more; what takes longer than its seconds is cut off."""
        context = self._context
        began = time.monotonic()
        # Handshakes under way have seats too.
        while context.seats.taken:
            waited = time.monotonic() - began
            if waited >= tunnels:
                for pipe in list(context.pipes):
                    pipe.abort()
            if waited >= drain:
                for connection in list(context.connections):
                    connection.transport.abort()
            if waited >= max(drain, tunnels):
                break
            await asyncio.sleep(PAUSE)

    def cut(self, ended: Callable[[object], bool]) -> None:
        """End the tunnels that the app asked for and whose holder has `ended`; ask the gate anew about all else.

        Tunnels that are still being opened count, and so do answers that have no end.
        """
        self._review.cut(ended)

    async def drained(self, target: Target, *, within: float) -> bool:
        """Wait until nothing is under way at `target`, which no route names any longer; False: there still is.

        For who wants to stop what was replaced: requests and tunnels that it has begun end by themselves.
        """
        for _ in range(int(within / PAUSE)):
            if not self._context.pool.busy(target):
                break
            await asyncio.sleep(PAUSE)
        return not self._context.pool.busy(target)

    @property
    def stale(self) -> bool:
        """Whether nobody here can know who may look: what is not open to all is a 503 then, and ends."""
        return self._review.unsure

    @stale.setter
    def stale(self, stale: bool) -> None:
        self._review.unsure = stale

    def numbers(self) -> dict[str, float]:
        """For /metrics."""
        return numbers(self._context, self._lag)

    def report(self) -> Report:
        """For administrators."""
        return self._minute.report()

    @property
    def counters(self) -> dict[str, int]:
        """What was counted since the start, and what is open now, of all kinds together."""
        context = self._context
        return {
            "requests": context.requests,
            **context.counters,
            "connections": len(context.connections),
            "tunnels": len(context.pipes),
            "held": len(context.held),
            "pooled": sum(1 for _ in context.pool.idle()),
        }

    async def _tick(self) -> None:
        context = self._context
        for turn in count(1):
            await asyncio.sleep(TICK)
            context.now = time.monotonic()
            context.look_at = context.journal.tick(context.requests)
            try:
                await self._look(turn)
            # Whatever it is: without its clock nothing here would ever time out again.
            except Exception as error:
                log.error("proxy.look_failed", exc_info=error)

    async def _look(self, turn: int) -> None:
        context = self._context
        await _each(context.held, delivery.check_wait, AT_ONCE)
        await self._review.look()
        await _each(context.viewers, viewer.look, AT_ONCE)
        context.pool.sweep()
        context.spreads.sweep()
        context.checks.sweep()
        if turn % 4 == 0:
            self._minute.note()
            await _each(context.connections, timers.check, CHECKED_AT_ONCE)


async def _each(connections: set[Connection], check: Callable[[Connection], None], at_once: int) -> None:
    """Check those that are still there when it is their turn; others have theirs in between."""
    for number, connection in enumerate(list(connections), 1):
        if connection in connections:
            check(connection)
        if number % at_once == 0:
            await asyncio.sleep(0)
