"""All runs of an installation: those that live, how those ended that do not, and what is cleared away."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from firefly.errors import FireflyError, NotFound
from firefly.sandbox.backend import ExitStatus
from firefly.sandbox.living import Runs

from . import labels
from .companions import COMPANION
from .ending import ENDED, Ender
from .networks import Networks
from .notes import read_ready
from .runs import Run
from .starting import Starter

log = structlog.get_logger()

CLEAR_LIMIT = 15.0
CLEAR_PAUSES = (0.1, 0.3, 1.0)


class Roster:
    """`beginning`: the ids of runs that are being made, which nothing of theirs is to be taken from."""

    def __init__(self, starter: Starter, ender: Ender, networks: Networks) -> None:
        self._starter = starter
        self._ender = ender
        self._networks = networks
        self.runs = Runs[Run]()
        self._endings: dict[str, asyncio.Task[None]] = {}
        self.beginning: set[str] = set()

    async def close(self) -> None:
        """Let go of all; those that have ended are cleared away first."""
        endings = list(self._endings.values())
        if endings:
            await asyncio.wait(endings, timeout=CLEAR_LIMIT)
        for task in endings:
            task.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
        for run in self.runs:
            await run.close()
        self.runs.clear()

    async def discard(self, instance_id: str) -> None:
        """Leave nothing of a start that failed or was given up; an engine that is away is asked again later."""
        if self.runs.status(instance_id) is not None:
            return
        run = self.runs.leave(instance_id)
        if run is not None:
            await run.close()
        # A call that was given up may still be carried out, and hold what is to be removed for a moment.
        for pause in CLEAR_PAUSES:
            with contextlib.suppress(FireflyError):
                return await self._ender.clear(instance_id, self._starter.folder(instance_id))
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
        """Where the engine is away just now, it is asked again when it is back."""
        try:
            status = await self._ender.status(run.container, run.folder)
        except NotFound:
            status = ExitStatus(None, "Its container was removed.", datetime.now(UTC), False)
        except FireflyError as error:
            log.warning("docker.end_unknown", instance=run.instance.id, reason=error.detail)
            return
        run.status = status
        self.runs.end(run.instance.id, status)
        await run.close()
        run.finished.set()
        with contextlib.suppress(FireflyError):
            await self._ender.clear(run.instance.id, run.folder)

    async def catch_up(self) -> None:
        """See what changed while nothing was heard of the engine."""
        before = {run.instance.id: run.frozen for run in self.runs}
        states = {found["Id"]: found["State"] for found in await self._ender.found()}
        for run in self.runs:
            state = states.get(run.container, "removed")
            # Who froze or woke it meanwhile knows better.
            if run.frozen is before.get(run.instance.id):
                run.frozen = state == "paused"
            if state == "removed" or (state in ENDED and run.instance.id not in self.beginning):
                self.end(run)

    async def adopt(self) -> None:
        """Find what an earlier server left, and clear away what has ended since or never quite began."""
        everything = await self._ender.found()
        beside = {one["Labels"].get(labels.INSTANCE): one["Id"] for one in everything if COMPANION in one["Labels"]}
        async with asyncio.TaskGroup() as group:
            for found in everything:
                if COMPANION not in found["Labels"]:
                    group.create_task(self._adopt(found, beside))
        # What ended before it was adopted was told of nobody.
        await self.catch_up()
        await self.tidy()

    async def _adopt(self, found: Mapping[str, Any], companions: Mapping[str | None, str]) -> None:
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
                self.runs.end(instance.id, await self._ender.status(found["Id"], folder))

    async def _joined(self, run: Run, companion: str) -> bool:
        """Whether it lives; one that was found running may have ended by the time that it is reached."""
        try:
            await self._starter.join(run)
            await self._starter.accompany(run, companion)
        except FireflyError as error:
            log.warning("docker.not_adopted", instance=run.instance.id, reason=error.detail)
            await run.close()
            return False
        self.runs.enter(run)
        return True

    async def tidy(self) -> None:
        """Remove containers, networks and folders that belong to no run."""
        living = {run.instance.id for run in self.runs} | self.beginning | self._endings.keys()
        known = {found["Labels"].get(labels.INSTANCE, "") for found in await self._ender.found()}
        for instance_id in (known | await asyncio.to_thread(self._starter.left)) - living - {""}:
            await self._ender.clear(instance_id, self._starter.folder(instance_id))
        await self._networks.sweep(living)
