"""One life of a site: what a build made, run as it is. Nothing is found out, installed or watched."""

import asyncio
import time
from contextlib import AsyncExitStack

from firefly.bridge.application.arrival import arrive, ended, waiting_for
from firefly.bridge.application.backoff import LONGEST, Backoff
from firefly.bridge.application.board import Board
from firefly.bridge.application.database import OwnDatabase
from firefly.bridge.application.ports import accepts
from firefly.bridge.application.stillness import Stillness
from firefly.bridge.application.variables import variables
from firefly.bridge.detection.plan import Plan
from firefly.bridge.environment import Environment
from firefly.bridge.output import Output
from firefly.bridge.process import Running, running
from firefly.bridge.site.server import Content, Site
from firefly.bridge.tasks import first_of, for_ever
from firefly.errors import FireflyError
from firefly.protocol.application import ApplicationKind, State
from firefly.protocol.companion import COMMAND
from firefly.protocol.site import SiteParams
from firefly.protocol.workspace import Configuration


class Published:
    """`live` runs until it is cancelled; whoever cancels it finds nothing left running."""

    def __init__(
        self, *, environment: Environment, board: Board, output: Output, site: Site, database: OwnDatabase
    ) -> None:
        self._environment = environment
        self._board = board
        self._output = output
        self._site = site
        self._backoff = Backoff()
        self.database = database

    async def live(self, configuration: Configuration, params: SiteParams) -> None:
        self._backoff.reset()
        plan = self._plan(params)
        self._board.set(
            State.STARTING, "Starting what was built.", kind=plan.kind, command=plan.command, port=plan.port,
            found_by=plan.found_by, notes=[], steps=[],
        )  # fmt: skip
        await asyncio.to_thread(self._make_folders, params)
        try:
            while True:
                await self._once(configuration, params, plan)
        finally:
            await self._site.hide()

    async def _once(self, configuration: Configuration, params: SiteParams, plan: Plan) -> None:
        """Until the database, or what the site runs, has ended; then the time until the next try."""
        started = time.monotonic()
        reason, code = "", -1
        try:
            async with AsyncExitStack() as stack:
                env = variables(self._environment, plan, hosts=configuration.preview_hosts, url=configuration.base_url)
                if params.database is not None:
                    self._board.set(State.STARTING, "Waiting for the site's database.")
                    env |= await stack.enter_async_context(self.database.serving(params.database, env))
                if plan.kind is ApplicationKind.STATIC:
                    await self._show(plan)
                reason, code = await self._run(plan, env)
        except (FireflyError, OSError) as error:
            reason = error.detail if isinstance(error, FireflyError) else str(error)
        await self._fail(reason, code, time.monotonic() - started)

    async def _run(self, plan: Plan, env: dict[str, str]) -> tuple[str, int]:
        """Why it ended, and with what status."""
        if await accepts(plan.port):
            return f"Another program listens on port {plan.port} already.", -1
        self._board.set(State.STARTING, waiting_for(plan.port))
        for line in (plan.command or "").splitlines():
            self._output.say(f"$ {line}")
        text = plan.command or ""
        argv = [self._environment.shell(), "-c", f"set -e\n{text}" if "\n" in text else text]
        async with running(argv, cwd=self._environment.workspace, env=env, sink=self._output.feed) as command:
            try:
                restarts = self._backoff.failures
                code = await first_of(
                    command.wait(),
                    arrive(
                        command,
                        self._board,
                        port=plan.port,
                        restarts=restarts,
                        stillness=self._stillness(command, plan),
                    ),
                    self.database.gone(),
                )
            finally:
                await command.stop()
                self._output.flush()
        assert code is not None
        return f"{ended('application', code)} See its output.", code

    def _stillness(self, command: Running, plan: Plan) -> Stillness | None:
        """None for an image, which runs beside this sandbox."""
        if COMMAND in (plan.command or ""):
            return None
        return Stillness(command.pid, self._output, alone=not self._environment.port_is_fixed)

    async def _show(self, plan: Plan) -> None:
        await self._site.show(Content(folder=plan.folder, inject=False), port=plan.port)
        self._board.set(State.RUNNING, f"Serving the pages of {plan.folder or 'the project'}.")
        await for_ever()

    async def _fail(self, reason: str, code: int, ran: float) -> None:
        """A site is tried again for ever, since nobody edits it: at last once a minute."""
        self._output.say(reason)
        delay = self._backoff.failed(after=ran) or LONGEST
        following = f"Trying again in {delay:.0f} s."
        self._board.set(State.CRASHED, f"{reason} {following}", exit_code=code, restarts=self._backoff.failures)
        await asyncio.sleep(delay)

    def _plan(self, params: SiteParams) -> Plan:
        fixed = self._environment.port_is_fixed or params.port is None
        port = self._environment.port if fixed or params.port is None else params.port
        kind = ApplicationKind.SERVER if params.run else ApplicationKind.STATIC
        command = "\n".join(params.run) or None
        return Plan(kind, command, "it is what was built", port, env=params.env, folder=params.folder)

    def _make_folders(self, params: SiteParams) -> None:
        for path in params.writable:
            if ".." not in path.split("/"):
                (self._environment.workspace / path).mkdir(parents=True, exist_ok=True)
