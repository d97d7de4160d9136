"""One life of the application: find out what to run, install, run it, and again when it ends or the project changes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog

from firefly.bridge.application.arrival import arrive, ended, waiting_for
from firefly.bridge.application.backoff import Backoff
from firefly.bridge.application.board import Board
from firefly.bridge.application.changes import CONFIGURING, must_analyse, until_changed, until_script_changed
from firefly.bridge.application.installer import Installer, InstallFailed
from firefly.bridge.application.ports import accepts
from firefly.bridge.application.scripts import command_of
from firefly.bridge.application.stillness import Stillness
from firefly.bridge.application.variables import variables
from firefly.bridge.detection.analyser import analyse
from firefly.bridge.detection.plan import Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.bridge.environment import Environment
from firefly.bridge.output import Output
from firefly.bridge.process import running
from firefly.bridge.site.pages import empty_page, output_page
from firefly.bridge.site.server import Content, Site
from firefly.bridge.tasks import first_of
from firefly.bridge.watcher import BATCH_SECONDS, Subscription
from firefly.errors import InvalidInput
from firefly.protocol.activity import Wishes
from firefly.protocol.application import ApplicationKind, State
from firefly.protocol.errors import LEGACY_NAMES, ManifestError

log = structlog.get_logger()


class Lifecycle:
    """`live` runs until it is cancelled; whoever cancels it finds nothing left running."""

    def __init__(
        self,
        *,
        environment: Environment,
        files: ProjectFiles,
        board: Board,
        output: Output,
        installer: Installer,
        site: Site,
    ) -> None:
        self._environment = environment
        self._files = files
        self._board = board
        self._output = output
        self._installer = installer
        self._site = site
        self._backoff = Backoff()
        self.hosts: Sequence[str] = ()
        self.url = ""
        self.wishes: Wishes | None = None
        """What firefly.yml asks of the server; None until it was read for the first time."""

    async def live(self, changes: Subscription, *, force_install: bool = False) -> None:
        self._backoff.reset()
        try:
            while True:
                await self._once(changes, force_install=force_install)
                force_install = False
        finally:
            await self._site.hide()

    async def prepare(self) -> None:
        """Install, and leave the board at stopped where that went well."""
        try:
            plan = await asyncio.to_thread(self._analyse)
            self._announce(plan)
            env = variables(self._environment, plan, hosts=self.hosts, url=self.url)
            await self._installer.install(replace(plan, build=()), env)
        except (ManifestError, InstallFailed, InvalidInput) as error:
            self._output.say(str(error))
            self._board.set(State.CRASHED, str(error))
        else:
            self._board.set(
                State.STOPPED, "Everything is installed." if plan.install else "Nothing is to be installed."
            )

    async def _once(self, changes: Subscription, *, force_install: bool) -> None:
        try:
            plan = await asyncio.to_thread(self._analyse)
        except ManifestError as error:
            self._output.say(error.detail)
            self._board.set(State.CRASHED, error.detail, command=None, notes=[])
            await until_changed(changes, (*CONFIGURING, *LEGACY_NAMES).__contains__)
            return
        self._announce(plan)
        try:
            env = variables(self._environment, plan, hosts=self.hosts, url=self.url)
            await self._install(plan, env, force=force_install)
        except (InstallFailed, InvalidInput) as error:
            await self._fail(str(error), getattr(error, "code", -1), 0, changes)
            return
        try:
            await self._carry_out(plan, env, changes)
        except InvalidInput as error:
            await self._fail(error.detail, -1, 0, changes)

    async def _install(self, plan: Plan, env: dict[str, str], *, force: bool) -> None:
        try:
            await self._installer.install(plan, env, force=force)
        finally:
            if plan.build:
                # What it wrote is told in a moment, and is no change that somebody made.
                await asyncio.sleep(4 * BATCH_SECONDS)

    async def _carry_out(self, plan: Plan, env: dict[str, str], changes: Subscription) -> None:
        match plan.kind:
            case ApplicationKind.SERVER:
                await self._serve(plan, env, changes)
            case ApplicationKind.SCRIPT:
                await self._script(plan, env, changes)
            case ApplicationKind.STATIC | ApplicationKind.NONE:
                await self._show(plan, changes)

    def _announce(self, plan: Plan) -> None:
        self.wishes = plan.wishes
        self._board.set(
            State.STARTING,
            f"Starting: {plan.found_by}.",
            kind=plan.kind,
            command=plan.command,
            port=plan.port,
            found_by=plan.found_by,
            notes=list(plan.notes),
            restarts=self._backoff.failures,
            steps=[],
        )
        for note in plan.notes:
            self._output.say(note)

    async def _serve(self, plan: Plan, env: dict[str, str], changes: Subscription) -> None:
        await self._site.hide()
        if await accepts(plan.port):
            self._board.set(State.WAITING, f"Another program listens on port {plan.port} already. Stop it first.")
            await asyncio.sleep(1)
            return
        started = time.monotonic()
        code = await self._run(plan, env, changes)
        if code is None:
            self._backoff.reset()
            return
        reason = f"{ended('application', code)} See its output."
        await self._fail(reason, code, time.monotonic() - started, changes)

    async def _run(self, plan: Plan, env: dict[str, str], changes: Subscription) -> int | None:
        """The exit status; None when a change of the project asks for a restart."""
        changes.clear()
        self._board.set(State.STARTING, waiting_for(plan.port))
        self._output.say(f"$ {plan.command}")
        wanted = await asyncio.to_thread(command_of, plan.command or "", self._files, self._environment)
        argv, env = [wanted.shell, "-c", wanted.text], {**env, **wanted.env}
        if wanted.text != plan.command:
            self._output.say(f"> {wanted.text}")
        async with running(argv, cwd=self._environment.workspace, env=env, sink=self._output.feed) as command:
            restarts = self._backoff.failures
            stillness = Stillness(command.pid, self._output, alone=not self._environment.port_is_fixed)
            try:
                return await first_of(
                    command.wait(),
                    self._until_restart(plan, changes),
                    arrive(command, self._board, port=plan.port, restarts=restarts, stillness=stillness),
                )
            finally:
                await command.stop()
                self._output.flush()

    async def _until_restart(self, plan: Plan, changes: Subscription) -> None:
        await until_changed(changes, lambda path: path in CONFIGURING or plan.restarts(path))
        await asyncio.sleep(plan.throttle)
        self._output.say("The project changed: restarting.")

    async def _fail(self, reason: str, code: int, ran: float, changes: Subscription) -> None:
        """Show the failure; return when it is time for the next try, at once when a file is saved."""
        self._output.say(reason)
        delay = self._backoff.failed(after=ran)
        following = f"Trying again in {delay:.0f} s." if delay else "It is tried again when a file changes."
        self._board.set(State.CRASHED, f"{reason} {following}", exit_code=code, restarts=self._backoff.failures)
        changes.clear()
        waits = [until_changed(changes, lambda _: True)]
        if delay:
            waits.append(asyncio.sleep(delay))
        await first_of(*waits)

    async def _script(self, plan: Plan, env: dict[str, str], changes: Subscription) -> None:
        first = self._output.last
        await self._show_output(plan, first)
        self._board.set(State.RUNNING, f"Running {plan.command}.")
        argv = [self._environment.shell(), "-c", plan.command or ""]
        changes.clear()
        async with running(argv, cwd=self._environment.workspace, env=env, sink=self._output.feed) as command:
            code = await first_of(command.wait(), until_script_changed(changes))
        self._output.flush()
        if code is not None:
            self._board.set(State.STOPPED if code == 0 else State.CRASHED, ended("script", code), exit_code=code)
            await self._site.reload()
            changes.clear()
            await until_script_changed(changes)
        self._output.say("The project changed: running again.")

    async def _show_output(self, plan: Plan, first: int) -> None:
        def page() -> bytes:
            lines = [line.text for line in self._output.after(first)]
            return output_page(plan.command or "", self._board.status.reason, lines)

        await self._open_site(Content(page=page), plan.port)

    async def _show(self, plan: Plan, changes: Subscription) -> None:
        """A folder, or a hint that there is nothing yet; pages reload as files change."""
        if plan.kind is ApplicationKind.STATIC:
            await self._open_site(Content(folder=plan.folder, inject=plan.inject), plan.port)
            self._board.set(State.RUNNING, f"Serving {plan.found_by.removesuffix(' is a page')} and its folder.")
        else:
            await self._open_site(Content(page=empty_page, status=404), plan.port)
            self._board.set(State.WAITING, f"Nothing to run yet: {plan.found_by}.")
        while True:
            batch = await changes.next()
            if must_analyse(batch, plan):
                await asyncio.sleep(plan.throttle)
                again = await asyncio.to_thread(self._plan_or_none)
                if again != plan:
                    return
            await self._site.reload(batch)

    def _analyse(self) -> Plan:
        environment = self._environment
        return analyse(self._files, port=environment.port, port_is_fixed=environment.port_is_fixed)

    def _plan_or_none(self) -> Plan | None:
        try:
            return self._analyse()
        except ManifestError:
            return None

    async def _open_site(self, content: Content, port: int) -> None:
        while True:
            try:
                return await self._site.show(content, port=port)
            except OSError as error:
                self._board.set(State.WAITING, f"Port {port} cannot be opened: {error.strerror}. Stop what has it.")
                await asyncio.sleep(1)
