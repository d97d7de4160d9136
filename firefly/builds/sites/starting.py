"""Starts a site's sandbox, waits until its application listens, and looks whether it answers; all of it in the log.

Pages have no sandbox: they are unpacked, and looked at.
"""

import asyncio
import socket
import time
from dataclasses import replace
from uuid import UUID

from firefly.errors import FireflyError, InvalidInput, SandboxFailed
from firefly.protocol.application import LISTEN, ApplicationStatus, Line, State, Stream
from firefly.protocol.manifest import HealthCheck, Manifest
from firefly.sandbox.keeper import Keeper, Wishes

from ..making.failures import explain
from ..seams import StepLog
from .doorman import SiteDoorman
from .facts import SiteFacts
from .health import Look, until_well
from .seams import Exhibits, SiteBridges
from .watching import without_retry

# Until a site's application listens, where its configuration says nothing: migrations of a database are part of it.
LIMIT = 300.0
# For how long a bridge is asked at a time, between which the log gets what was printed; a hostile one answers at once.
ASK, PAUSE = 2.0, 0.02
LAST_LINES = 20
# Of those that are looked through for a cause, which some tools tell before a long trace.
TELLING_LINES = 60
# What a configuration says of that which runs.
NEEDLESS = frozenset({"database", "idle", "port", "seed", "writable"})
COMING = frozenset({State.INSTALLING, State.STARTING})
PATIENT = "One that is to wait before it listens is given its time by `health: {timeout: 2m}`."


class Starting:
    def __init__(self, *, keeper: Keeper, exhibits: Exhibits, doorman: SiteDoorman, bridges: SiteBridges) -> None:
        self._keeper = keeper
        self._exhibits = exhibits
        self._doorman = doorman
        self._bridges = bridges

    async def start(self, facts: SiteFacts, step: StepLog) -> int:
        """Until its application listens; on which port. Raises SandboxFailed when it has printed why not."""
        wanted = facts.wanted
        if facts.is_pages:
            return await self._show_pages(facts, step)
        workspace_id = facts.workspace
        if not wanted.has_something and facts.kind != "image":
            raise InvalidInput("There is nothing to show: the plan has neither a command to run nor a folder of pages.")
        await self._ask(workspace_id, wanted.configuration)
        if wanted.database and facts.database_from is not None:
            await self._wake_database(facts.database_from, step)
        if self._keeper.running(workspace_id) is not None:
            # It was started before it was anybody's.
            await self._doorman.admit(workspace_id)
            await self._bridges.furnish(facts, patience=LIMIT)
        await self._keeper.ensure(workspace_id, insist=True)
        return await self._until_it_listens(facts, step)

    async def _until_it_listens(self, facts: SiteFacts, step: StepLog) -> int:
        workspace_id, given = facts.workspace, _given(facts.wanted.health)
        limit = given or LIMIT
        ends_at, seen = time.monotonic() + limit, None
        status = await self._bridges.application(workspace_id, wait=ASK)
        while status.state in COMING and time.monotonic() < ends_at and (given or not status.stalled):
            seen = await self._tell(workspace_id, seen, step)
            await asyncio.sleep(PAUSE)
            status = await self._bridges.application(workspace_id, wait=ASK)
        if _prints(facts) or status.state is not State.RUNNING:
            await self._tell(workspace_id, seen, step)
        if status.state in COMING:
            raise SandboxFailed(await self._why(facts, _silence(status, limit, given=given is not None)))
        if status.state is not State.RUNNING:
            raise SandboxFailed(await self._why(facts, without_retry(status.reason)))
        await step.say(status.reason)
        return status.port

    async def look(self, facts: SiteFacts, step: StepLog, *, host: str, port: int) -> None:
        """Whether it answers as it should, asked for by that host. Raises SandboxFailed."""
        health, look = facts.wanted.health, Look(host)
        if health is not None:
            look = replace(look, path=health.path, timeout=health.timeout, strictly=True)
        try:
            answer = await until_well(lambda: self._probe(facts, port), look)
        except SandboxFailed:
            for line in await self._last_lines(facts):
                await _write(line, step)
            raise
        await step.say(f"GET {look.path} was answered with {answer}.")

    async def _show_pages(self, facts: SiteFacts, step: StepLog) -> int:
        """Nothing of them listens on a port of its own."""
        if needless := sorted(NEEDLESS & facts.wanted.configuration.model_fields_set):
            await step.say(
                f"Left out of the configuration: {', '.join(needless)}. Pages run nothing that could use it."
            )
        await self._exhibits.show(facts.id)
        await step.say("Its pages need no process.")
        return 0

    async def _probe(self, facts: SiteFacts, port: int) -> socket.socket:
        if facts.is_pages:
            return await self._exhibits.connect(facts.id)
        return await self._keeper.probe(facts.workspace, port)

    async def _last_lines(self, facts: SiteFacts) -> list[Line]:
        return [] if facts.is_pages else (await self._bridges.output(facts.workspace, after=None))[-LAST_LINES:]

    async def _why(self, facts: SiteFacts, reason: str) -> str:
        """Why it ended, with the likely cause and what to do, by what it printed last."""
        printed = await self._bridges.output(facts.workspace, after=None)
        found = explain("start", lines=[line.text for line in printed[-TELLING_LINES:]])
        return " ".join(filter(None, (reason, found.cause, found.remedy))) if found.remedy else reason

    async def _ask(self, workspace_id: UUID, configuration: Manifest) -> None:
        """Its limits and idle times, as far as they are granted; what runs already starts anew with its limits."""
        idle, resources = configuration.idle, configuration.resources
        wishes = Wishes(**(idle.model_dump() if idle else {}), **(resources.model_dump() if resources else {}))
        if wishes != Wishes():
            await self._keeper.ask(workspace_id, wishes)
            if resources:
                await self._keeper.stop(workspace_id, "It gets the limits that its configuration asks for.")

    async def _wake_database(self, workspace_id: UUID, step: StepLog) -> None:
        """Of the site before, so that it can be copied. Where it does not start, the new one begins anew."""
        try:
            await self._keeper.ensure(workspace_id)
        except FireflyError as error:
            await step.say(f"The database of the site before cannot be copied, so that it begins anew: {error.detail}")

    async def _tell(self, workspace_id: UUID, after: int | None, step: StepLog) -> int | None:
        """Write what it has printed since; the number of the last line."""
        lines = await self._bridges.output(workspace_id, after=after)
        for line in lines:
            await _write(line, step)
        return lines[-1].seq if lines else after


async def _write(line: Line, step: StepLog) -> None:
    """What the bridge says of it is Firefly's own."""
    if line.stream is Stream.SYSTEM:
        await step.say(line.text)
    else:
        await step.write(f"{line.text}\n".encode(), stream="err" if line.stream is Stream.ERR else "out")


def _prints(facts: SiteFacts) -> bool:
    """Of pages alone nothing runs that could print."""
    return bool(facts.wanted.run or facts.wanted.database) or facts.kind == "image"


def _silence(status: ApplicationStatus, limit: float, *, given: bool) -> str:
    """Of one that listens nowhere. `given`: its time was, and is not to be longer."""
    if not status.stalled:
        return f"Nothing listens on port {status.port} after {limit:g} s. {LISTEN}"
    return status.reason if given or LISTEN not in status.reason else f"{status.reason} {PATIENT}"


def _given(health: HealthCheck | None) -> float | None:
    """Seconds until the application has to listen, where its configuration says so."""
    return health.timeout if health is not None and "timeout" in health.model_fields_set else None
