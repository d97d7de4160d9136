"""One worker: the very front door of the server, in a process of its own, fed over a link."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from firefly import log as logging
from firefly.adapters.door import build_door, is_ended, open_door
from firefly.adapters.freshness import LIMIT
from firefly.adapters.gate import PreviewGate
from firefly.adapters.listening import Listeners
from firefly.adapters.missing import MissingGrants
from firefly.auth import GrantChecks, Refusals, Revocation
from firefly.clock import SystemClock
from firefly.link import Link
from firefly.proxy import FrontDoor
from firefly.proxy.report import Report
from firefly.routes import Route, RouteTable, Target
from firefly.settings import Settings
from firefly.tls import Pair, Shelf

from .mirrors import LinkDialer, PolicyCopy, VisitReports
from .protocol import WIRE, Setup

REPORT_EVERY = 1.0

log = structlog.get_logger()


class Worker:
    def __init__(self, connection: socket.socket) -> None:
        self._door: FrontDoor | None = None
        self._closed = False
        self._is_told_stale = False
        self._heard_at = time.monotonic()
        self._table = RouteTable()
        self._refusals = Refusals()
        self._policies = PolicyCopy()
        self._missing = MissingGrants()
        self._shelf: Shelf | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._setup: Setup
        self._settings: Settings
        self.link = Link(
            connection,
            WIRE,
            calls={
                "set_up": self._set_up,
                "serve": self._serve,
                "ended": self._ended,
                "report": self._report_now,
                "close": self._close,
            },
            notes={
                "routes": self._take_routes,
                "policies": self._policies.heed,
                "missing": self._missing.note,
                "refusals": self._take_refusals,
                "revoked": self._take_revocation,
                "review": self._review,
                "instances": self._take_instances,
                "certificates": self._take_certificates,
                "stale": self._take_stale,
                "retire": lambda: self.door.retire(),
            },
        )
        self._dialer = LinkDialer(self.link)
        self._missing.on_note(partial(self.link.note, "missing"))

    async def run(self) -> None:
        """Serve until the server ends the link; where it did not say so before, what is under way may still end."""
        reporting = asyncio.create_task(self._report())
        await self.link.closed.wait()
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
        if self._door is not None and not self._closed:
            log.warning("worker.abandoned")
            await self._door.close(drain=self._settings.drain_requests, tunnels=self._settings.drain_tunnels)

    @property
    def door(self) -> FrontDoor:
        assert self._door is not None, "set_up was not called"
        return self._door

    async def _set_up(self, setup: Setup) -> None:
        self._setup = setup
        settings = self._settings = Settings(**setup.settings)
        logging.configure(level=settings.log_level)
        if setup.encrypted:
            self._shelf = Shelf(setup.pairs)
        gate = PreviewGate(
            grants=GrantChecks(setup.grant_keys, self._refusals, SystemClock()),
            opens=partial(self.link.call, "opens"),
            table=self._table,
            policies=self._policies,
            visits=VisitReports(self.link),
            missing=self._missing,
        )
        self._door = build_door(
            settings, table=self._table, gate=gate, dialer=self._dialer, redeem=partial(self.link.call, "redeem")
        )

    async def _serve(self) -> None:
        door, plain = (
            tuple(socket.socket(fileno=number) for number in numbers)
            for numbers in (self._setup.door, self._setup.plain)
        )
        await open_door(self.door, Listeners(door, plain), self._shelf)

    async def _report_now(self) -> Report:
        return self.door.report()

    async def _ended(self, drain: float, tunnels: float) -> None:
        await self.door.ended(drain=drain, tunnels=tunnels)

    async def _close(self, drain: float, tunnels: float) -> Mapping[str, float]:
        self._closed = True
        await self.door.close(drain=drain, tunnels=tunnels)
        return self.door.numbers()

    def _take_routes(self, routes: Iterable[Route], gone: Iterable[str]) -> None:
        self._table.put(*routes)
        self._table.remove(*gone)

    def _take_refusals(self, latest: Mapping[Any, float], of_grants: Mapping[UUID, float]) -> None:
        self._refusals.latest.update(latest)
        self._refusals.of_grants.update(of_grants)

    def _take_revocation(self, revocation: Revocation) -> None:
        self._refusals.enter(revocation)
        self.door.cut(partial(is_ended, revocation))

    def _review(self) -> None:
        self.door.cut(lambda holder: False)

    def _take_stale(self, stale: bool) -> None:
        self._is_told_stale = stale
        self._set_stale()

    def _take_instances(self, changes: Iterable[tuple[Target, str | None, bool]]) -> None:
        self._heard_at = time.monotonic()
        self._dialer.heed(changes)

    def _set_stale(self) -> None:
        """Nothing private is served where the server does not know who may look, or says nothing any more."""
        stale = self._is_told_stale or time.monotonic() - self._heard_at > LIMIT
        if stale is not self.door.stale:
            log.warning("worker.stale" if stale else "worker.fresh")
            self.door.stale = stale

    def _take_certificates(self, pairs: tuple[Pair, ...]) -> None:
        before = self._reloading
        self._reloading = asyncio.create_task(self._reload(pairs, before))

    async def _reload(self, pairs: tuple[Pair, ...], before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait([before])
        if self._shelf is not None:
            await asyncio.to_thread(self._shelf.hold, pairs)

    async def _report(self) -> None:
        told: Mapping[str, float] = {}
        while True:
            await asyncio.sleep(REPORT_EVERY)
            if self._door is None:
                continue
            self._set_stale()
            if (counted := self._door.numbers()) != told:
                told = counted
                self.link.note("numbers", counted)


async def serve(descriptor: int) -> None:
    """Be the worker at the other end of an inherited socket."""
    loop = asyncio.get_running_loop()
    # A terminal and a service manager tell all processes; the server decides when this one ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lambda: None)
    await Worker(socket.socket(fileno=descriptor)).run()
