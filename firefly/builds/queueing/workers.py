"""What builds: takes builds from the queue, as many as may run at one time, and sees each to its end."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from uuid import UUID

import structlog

from firefly.waiting import happens

from ...bus import MISSED, Bus
from ...errors import DatabaseUnavailable, FireflyError
from ..model import Build, Outcome
from ..seams import BuildLog, Publisher, Runner
from .claims import Claimed, Claims
from .records import TOPIC
from .running import Running

log = structlog.get_logger()

# The bus tells; in seconds, how often the queue is looked at all the same.
LOOK_EVERY = 5.0
PAUSE, LEAVE_LIMIT = 1.0, 20.0
OpenLog = Callable[[Build], AbstractAsyncContextManager[BuildLog]]


class Workers:
    """One for each replica. `open_log` gives the log of a build, which goes on where an earlier builder left it."""

    def __init__(
        self, *, claims: Claims, runner: Runner, publisher: Publisher, open_log: OpenLog, bus: Bus, at_once: int
    ) -> None:
        self._claims = claims
        self._runner = runner
        self._publisher = publisher
        self._open_log = open_log
        self._bus = bus
        self._at_once = at_once
        self._running: dict[UUID, Running] = {}
        self._publishing: set[int] = set()
        self._wanted, self._asked, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._leaving = False
        self._ended: Counter[str] = Counter()
        self._waited = 0.0

    @property
    def running(self) -> int:
        return len(self._running)

    def numbers(self) -> Mapping[str, float]:
        """For metrics: what runs here, what ended by state, and for how long what was begun had waited."""
        ended = {f'builds_ended_total{{state="{state}"}}': float(count) for state, count in self._ended.items()}
        return {"builds_running": float(self.running), "builds_waited_seconds_total": self._waited, **ended}

    async def run(self) -> None:
        """Until cancelled; what is under way then goes back into the queue."""
        async with self._bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._claim_for_ever(tasks))
            tasks.create_task(self._keep_for_ever())
            async for event in subscription:
                subscription.missed = False
                if event.kind in ("build.ending", MISSED):
                    self._asked.set()
                if event.kind in ("build.wanted", MISSED):
                    self._wanted.set()

    async def let_go(self) -> None:
        """Take no more, and put back into the queue what is under way; another server builds it."""
        self._leaving = True
        for running in self._running.values():
            running.end(None)
        await happens(self._idle, LEAVE_LIMIT)

    def take_back(self) -> None:
        """Go on after `let_go`: nobody came."""
        self._leaving = False
        self._wanted.set()

    async def _claim_for_ever(self, tasks: asyncio.TaskGroup) -> None:
        inherited = False
        while True:
            self._wanted.clear()
            try:
                if not inherited:
                    await self._claims.inherit()
                inherited = True
                await self._claim(tasks)
            except DatabaseUnavailable as error:
                log.warning("builds.not_claimed", reason=error.detail)
            # Whatever it is: the queue is looked at again.
            except Exception:
                log.exception("builds.not_claimed")
            await happens(self._wanted, LOOK_EVERY)

    async def _claim(self, tasks: asyncio.TaskGroup) -> None:
        while not self._leaving and len(self._running) < self._at_once:
            claimed = await self._claims.claim()
            if claimed is None:
                return
            running = self._running[claimed.build.id] = Running(claimed)
            self._waited += _waited(claimed.build)
            self._idle.clear()
            if self._leaving:
                running.end(None)
            tasks.create_task(self._see_to(running), name=f"building {claimed.build.id}")

    async def _see_to(self, running: Running) -> None:
        claimed = running.claimed
        try:
            async with self._open_log(claimed.build) as build_log:
                await self._build(running, build_log)
        except asyncio.CancelledError:
            # Where that fails it is taken up again when its lease is over.
            with contextlib.suppress(Exception):
                await self._claims.release(claimed)
            raise
        # Whatever the log's keeper cannot do: the build is taken up again when its lease is over.
        except Exception:
            log.exception("build.left", build_id=str(claimed.build.id))
        finally:
            self._free(running)

    def _free(self, running: Running) -> None:
        # It may run here again by now.
        if self._running.get(running.claimed.build.id) is running:
            del self._running[running.claimed.build.id]
            self._wanted.set()
        if not self._running:
            self._idle.set()

    async def _build(self, running: Running, build_log: BuildLog) -> None:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        outcome = await running.run(self._runner, build_log)
        if outcome is None:
            log.warning("build.left", build_id=str(running.claimed.build.id), reason=running.reason)
            if self._leaving:
                await self._claims.release(running.claimed)
            return
        outcome = _without_secrets(outcome, build_log.hide)
        build, notice = await self._finish(running.claimed, outcome, loop.time() - began_at)
        self._free(running)
        if build is not None:
            self._ended[build.state] += 1
        if build is not None and notice is not None:
            await self._publish(build, notice, build_log)

    async def _finish(self, claimed: Claimed, outcome: Outcome, seconds: float) -> tuple[Build | None, int | None]:
        while True:
            try:
                return await self._claims.finish(claimed, outcome, seconds)
            except DatabaseUnavailable:
                await asyncio.sleep(PAUSE)

    async def _publish(self, build: Build, notice: int, build_log: BuildLog) -> None:
        """Whoever dies over it is relieved by the delivery of notices."""
        self._publishing.add(notice)
        try:
            await self._publisher.publish(build, build_log)
            await self._claims.published(notice)
        except FireflyError as error:
            log.warning("build.not_published", build_id=str(build.id), reason=error.detail)
        finally:
            self._publishing.discard(notice)

    async def _keep_for_ever(self) -> None:
        """Says that this builder lives, and hears of ends that were asked for."""
        pause = self._claims.lease.total_seconds() / 6
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            await happens(self._asked, pause)
            self._asked.clear()
            asked_at = loop.time()
            try:
                await self._keep()
                heard_at = asked_at
            except DatabaseUnavailable as error:
                log.warning("builds.not_kept", reason=error.detail)
            # Whatever it is: without a lease others begin what runs here.
            except Exception:
                log.exception("builds.not_kept")
            if loop.time() - heard_at > self._claims.lease.total_seconds() - pause:
                self._lose_all()

    async def _keep(self) -> None:
        known = dict(self._running)
        if not known and not self._publishing:
            return
        kept = await self._claims.keep(known, self._publishing)
        for build_id, running in known.items():
            if build_id not in kept:
                running.end(None)
            elif (ending := kept[build_id]) is not None:
                running.end(ending)

    def _lose_all(self) -> None:
        """Others may build it by now."""
        for running in self._running.values():
            running.end(None)


def _without_secrets(outcome: Outcome, hide: Callable[[str], str]) -> Outcome:
    """What is told of an end goes further than its log: into mails, comments and calls of hooks."""
    failure = outcome.failure and replace(
        outcome.failure, cause=hide(outcome.failure.cause), remedy=hide(outcome.failure.remedy),
        command=hide(outcome.failure.command), lines=tuple(map(hide, outcome.failure.lines)),
    )  # fmt: skip
    return replace(outcome, reason=hide(outcome.reason), failure=failure)


def _waited(build: Build) -> float:
    """Seconds in the queue."""
    times = build.queued_at, build.started_at
    return (times[1] - times[0]).total_seconds() if times[0] and times[1] else 0.0
