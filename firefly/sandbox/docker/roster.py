"""All runs of an installation: those that live, how those ended that do not, and what is cleared away."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from firefly.errors import FireflyError, NotFound
from firefly.sandbox.backend import ExitStatus
from firefly.sandbox.living import Runs
from firefly.waiting import happens

from . import labels
from .companions import COMPANION, begun
from .ending import ENDED, Ender
from .networks import Networks
from .notes import read_ready
from .runs import Run
from .starting import Starter

log = structlog.get_logger()

CLEAR_LIMIT = 15.0
CLEAR_PAUSES = (0.1, 0.3, 1.0)
# Seconds between questions how a run has ended, or whether it can be reached, to an engine that does not answer.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
JOINING = 3
UNREACHED = "It could not be reached when the server started."


class Roster:
    """`beginning`: the ids of runs that are being made, which nothing of theirs is to be taken from."""

    def __init__(self, starter: Starter, ender: Ender, networks: Networks) -> None:
        self._starter = starter
        self._ender = ender
        self._networks = networks
        self.runs = Runs[Run]()
        self._endings: dict[str, asyncio.Task[None]] = {}
        self.beginning: set[str] = set()
        self._closing = asyncio.Event()

    async def close(self) -> None:
        """Let go of all; those that have ended are cleared away first."""
        self._closing.set()
        endings = list(self._endings.values())
        if endings:
            await asyncio.wait(endings, timeout=CLEAR_LIMIT)
        for task in endings:
            task.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
        for run in self.runs:
            await run.close()
        self.runs.clear()
        self._closing.clear()

    async def discard(self, instance_id: str) -> None:
        """Leave nothing of a start that failed or was given up; an engine that is away is asked again later."""
        if self.runs.status(instance_id) is not None:
            return
        run = self.runs.leave(instance_id)
        if run is not None:
            await run.close()
        await self._clear(instance_id, self._starter.folder(instance_id))

    async def _clear(self, instance_id: str, folder: Path) -> None:
        """A call that was given up may still be carried out, and hold what is to be removed for a moment."""
        for pause in CLEAR_PAUSES:
            with contextlib.suppress(FireflyError):
                return await self._ender.clear(instance_id, folder)
            await asyncio.sleep(pause)

    def told(self, kind: str, instance_id: str) -> None:
        """What the engine says of a run's container."""
        run = self.runs.find(instance_id)
        if run is None:
            return
        match kind:
            case "die" | "destroy":
                self.end(run)
            case "oom":
                run.oom_kills += 1
            case "pause" | "unpause":
                run.frozen = kind == "pause"

    def end(self, run: Run) -> None:
        """See to the end of a run that has ended; once."""
        if run.instance.id not in self._endings:
            task = asyncio.create_task(self._bury(run), name=f"docker-end-{run.instance.id}")
            self._endings[run.instance.id] = task
            task.add_done_callback(lambda _: self._endings.pop(run.instance.id, None))

    async def _bury(self, run: Run) -> None:
        status = await self._status(run)
        if status is None:
            return
        run.status = status
        self.runs.end(run.instance.id, status)
        await run.close()
        run.finished.set()
        await self._clear(run.instance.id, run.folder)

    async def _status(self, run: Run) -> ExitStatus | None:
        """Asked for until the engine tells it; None where the run goes on after all, or this server ends."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._ender.status(run.container, run.folder)
            except NotFound:
                return ExitStatus(None, "Its container was removed.", datetime.now(UTC), False)
            except FireflyError as error:
                log.warning("docker.end_unknown", instance=run.instance.id, reason=error.detail)
            if await happens(self._closing, pause):
                return None
            pause = min(pause * 2, LONGEST_PAUSE)

    async def catch_up(self) -> None:
        """See what changed while nothing was heard of the engine."""
        # What begins after the engine was asked is not in its answer, and who froze or woke one meanwhile knows better.
        before = [(run, run.frozen) for run in self.runs]
        states = {found["Id"]: found["State"] for found in await self._ender.found()}
        for run, frozen in before:
            state = states.get(run.container, "removed")
            if run.frozen is frozen:
                run.frozen = state == "paused"
            if state == "removed" or (state in ENDED and not self._is_to_start(run, state)):
                self.end(run)

    def _is_to_start(self, run: Run, state: str) -> bool:
        return state == "created" and run.instance.id in self.beginning

    async def adopt(self) -> None:
        """Find what an earlier server left, and clear away what has ended since or never quite began."""
        everything = await self._ender.found()
        beside = begun(everything)
        async with asyncio.TaskGroup() as group:
            for found in everything:
                if COMPANION not in found["Labels"]:
                    group.create_task(self._adopt(found, beside))
        # What ended before it was adopted was told of nobody.
        await self.catch_up()
        await self.tidy()

    async def _adopt(self, found: Mapping[str, Any], companions: Mapping[str, str]) -> None:
        try:
            instance = labels.instance_of(found["Labels"])
        except (KeyError, ValueError):
            return
        folder = self._starter.folder(instance.id)
        with contextlib.suppress(FireflyError):
            most = await asyncio.to_thread(read_ready, folder)
            if found["State"] not in ENDED and most is not None:
                run = Run(instance, folder, found["Id"], most, frozen=found["State"] == "paused")
                if await self._joined(run, companions.get(instance.id, "")):
                    return
            if found["State"] != "created":
                status = await self._ender.status(found["Id"], folder)
                self.runs.end(instance.id, status or ExitStatus(None, UNREACHED, datetime.now(UTC), False))

    async def _joined(self, run: Run, companion: str) -> bool:
        """Whether it lives; one that was found running may have ended by the time that it is reached.

        One that goes on is not given up because the engine was slow to answer.
        """
        for _ in range(JOINING):
            try:
                await self._starter.join(run)
                await self._starter.accompany(run, companion)
            except FireflyError as error:
                log.warning("docker.not_adopted", instance=run.instance.id, reason=error.detail)
                await run.close()
                if await self._starter.has_ended(run):
                    return False
                await asyncio.sleep(FIRST_PAUSE)
            else:
                self.runs.enter(run)
                return True
        return False

    async def tidy(self) -> None:
        """Remove containers, networks and folders that belong to no run."""
        living = {run.instance.id for run in self.runs} | self.beginning | self._endings.keys()
        everything = await self._ender.found()
        await self._ender.clear_strays(everything)
        known = {found["Labels"].get(labels.INSTANCE, "") for found in everything}
        for instance_id in (known | await asyncio.to_thread(self._starter.left)) - living - {""}:
            await self._ender.clear(instance_id, self._starter.folder(instance_id))
        await self._networks.sweep(living)
