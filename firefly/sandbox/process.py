"""The process backend: sandboxes by bubblewrap and slirp4netns, each below a supervisor of its own."""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import structlog

from firefly.clock import Clock, SystemClock
from firefly.errors import Conflict, SandboxFailed, Unavailable
from firefly.resources import PACKAGE
from firefly.settings import Settings

from . import cgroups, copied, ground, images, runtimes, trees
from .backend import Capabilities, ExitStatus, Instance, SandboxBackend, SandboxSpec, Stats
from .cgroups import Group
from .detection import Machine, look
from .dialing import Dialer
from .forking import Forking
from .layout import SANDBOXES, Layout
from .living import Runs
from .runs import Run, attach, kill_supervisor, read_exit

log = structlog.get_logger()

SPAWN_LIMIT, CLEAR_LIMIT = 15.0, 5.0
START = "import sys; sys.path.insert(0, sys.argv[1]); from firefly.sandbox.supervisor import main; main(sys.argv[2])"


class ProcessBackend(SandboxBackend):
    """See SandboxBackend. `bridge` replaces the bridge's command line inside, for tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        machine: Machine | None = None,
        bridge: Sequence[str] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._found: Machine | None = machine
        self._bridge = bridge
        self._folder = settings.run_dir / SANDBOXES
        self._runs = Runs[Run]()
        self._watchers: set[asyncio.Task[None]] = set()
        self._dialer: Dialer
        self._forking: Forking | None = None
        self._runtimes: runtimes.Runtimes | None = None
        self._overlays = False

    async def look(self) -> None:
        await runtimes.fetch_node(self._settings.data_dir)
        self._runtimes = runtimes.find(self._settings.data_dir)
        if self._found is None:
            self._found = await asyncio.to_thread(look, self._runtimes.lacks)
        if self._found.capabilities.isolated and os.getuid() == 0:
            self._overlays = await trees.can_lie_on_layers(self._settings.data_dir)

    async def open(self) -> None:
        self._dialer = Dialer()
        if self._runtimes is None:
            await self.look()
        assert self._runtimes is not None
        self._layout = Layout(self._settings, self._machine, self._runtimes, bridge=self._bridge, clock=self._clock)
        self._layout.overlays = self._overlays
        await asyncio.to_thread(self._layout.make_folders)
        await asyncio.to_thread(cgroups.sweep, self._machine.groups)
        if self._machine.forks:
            self._forking = Forking(self._runtimes.python, self._layout.modules)
            await self._forking.open()
        for lack in self._machine.capabilities.lacks:
            log.warning("sandbox.lack", what=lack.what, consequence=lack.consequence, remedy=lack.remedy)

    async def close(self) -> None:
        # Those whose run has ended are clearing up after it.
        clearing = [watcher for watcher in self._watchers if watcher.get_name() not in self._runs]
        if clearing:
            await asyncio.wait(clearing, timeout=CLEAR_LIMIT)
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for run in self._runs:
            await run.control.close()
            run.source.close()
        self._runs.clear()
        self._dialer.close()
        if self._forking is not None:
            await self._forking.close()

    @property
    def _machine(self) -> Machine:
        assert self._found is not None, "look() was not called"
        return self._found

    async def ground(self) -> str:
        return await ground.digest(self._settings.data_dir)

    def capabilities(self) -> Capabilities:
        # Where none can be mounted they are copied.
        return replace(self._machine.capabilities, layers=self._machine.capabilities.isolated)

    async def create(self, spec: SandboxSpec) -> Instance:
        images.refuse(spec.image)
        allowed = self._machine.capabilities.isolated or spec.trusted or self._settings.allow_unisolated
        if not allowed:
            raise SandboxFailed(
                "This machine cannot keep projects apart, so only administrators' projects run. `firefly doctor` "
                "says what is missing."
            )
        instance_id = secrets.token_hex(6)
        folder = self._folder / instance_id
        try:
            await _in_thread(self._layout.plan, spec, folder)
            await self._spawn(folder)
            run = await attach(folder)
            self._enter(run)
            await run.ready()
        except BaseException:
            await asyncio.shield(self._discard(instance_id))
            raise
        return run.instance

    async def _spawn(self, folder: Path) -> None:
        """Start a supervisor; it listens when this returns."""
        with (folder / "supervisor.log").open("wb") as file:
            started = await self._forking.supervise(folder, file.fileno()) if self._forking else None
            if started is None:
                started = await _execute(folder, file.fileno())
        if not started:
            text = await asyncio.to_thread((folder / "supervisor.log").read_text)
            raise SandboxFailed("The sandbox's supervisor did not start.", output=text)

    def _enter(self, run: Run) -> None:
        self._runs.enter(run)
        watcher = asyncio.create_task(self._watch(run), name=run.instance.id)
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch(self, run: Run) -> None:
        await run.watch()
        assert run.status is not None
        self._runs.end(run.instance.id, run.status)
        run.finished.set()
        await asyncio.to_thread(self._clear, run.folder)

    def _clear(self, folder: Path) -> None:
        kill_supervisor(folder)
        for name in (f"firefly-{folder.name}", f"firefly-{folder.name}-host"):
            group = Group(self._machine.groups, name)
            # A supervisor that was killed left what was frozen to be killed as soon as it goes on.
            group.thaw()
            group.remove()
        shutil.rmtree(folder, ignore_errors=True)

    async def _discard(self, instance_id: str) -> None:
        """Leave nothing of a start that failed or was given up."""
        if instance_id in self._runs:
            await self.stop(instance_id, reason="The start was given up.")
            return
        folder = self._folder / instance_id
        try:
            run = await attach(folder)
        except (OSError, SandboxFailed):
            await asyncio.to_thread(self._clear, folder)
            return
        self._enter(run)
        await run.end("The start was given up.")

    async def stop(self, instance_id: str, *, reason: str) -> None:
        run = self._runs.find(instance_id)
        if run is not None:
            await run.end(reason)

    async def freeze(self, instance_id: str) -> None:
        await self._turn(instance_id, "freeze", "The sandbox cannot be frozen")

    async def thaw(self, instance_id: str) -> None:
        await self._turn(instance_id, "thaw", "The sandbox cannot be woken")

    async def _turn(self, instance_id: str, op: str, complaint: str) -> None:
        failure = await self._runs.running(instance_id).control.request(op)
        if failure:
            raise Unavailable(f"{complaint}: {failure}.")

    def frozen(self, instance_id: str) -> bool:
        run = self._runs.find(instance_id)
        return run is not None and run.control.frozen

    async def wait(self, instance_id: str) -> ExitStatus:
        return await self._runs.wait(instance_id)

    async def remove_workspace(self, workspace_id: UUID) -> None:
        self._runs.check_stopped(workspace_id)
        await trees.remove(self._layout.workspace(workspace_id))

    async def settle(self, workspace_id: UUID, layer_id: UUID) -> tuple[int, int]:
        if not self.capabilities().layers:
            raise Conflict("This machine has no layers, since it cannot keep projects apart.")
        self._runs.check_stopped(workspace_id)
        layer = self._layout.layer(layer_id)
        if not self._overlays:
            await asyncio.to_thread(copied.note_whole, layer)
        await asyncio.to_thread((self._layout.workspace(workspace_id) / "tree").rename, layer)
        return await trees.measure(layer, "--block-size=1"), await trees.measure(layer, "--inodes")

    async def remove_layer(self, layer_id: UUID) -> None:
        await trees.remove(self._layout.layer(layer_id))
        await asyncio.to_thread(copied.forget, self._layout.layer(layer_id))

    async def list(self) -> Sequence[Instance]:
        return self._runs.instances()

    async def adopt(self) -> Sequence[Instance]:
        folders = await asyncio.to_thread(lambda: list(self._folder.iterdir()))
        async with asyncio.TaskGroup() as group:
            for folder in folders:
                group.create_task(self._adopt(folder))
        return await self.list()

    async def _adopt(self, folder: Path) -> None:
        try:
            self._enter(await attach(folder))
        except (OSError, SandboxFailed):
            self._runs.end(folder.name, await asyncio.to_thread(read_exit, folder))
            await asyncio.to_thread(self._clear, folder)

    async def connect(self, instance_id: str, port: int) -> socket.socket:
        return await self._dialer.connect(self._runs.running(instance_id).source, port)

    def bridge_path(self, instance_id: str) -> Path:
        return self._folder / instance_id / "bridge.sock"

    def gateway_path(self, instance_id: str) -> Path:
        return self._folder / instance_id / "gateway"

    async def logs(self, instance_id: str) -> str:
        if status := self._runs.status(instance_id):
            return status.output
        return str(await self._runs.running(instance_id).control.request("logs"))

    async def stats(self, instance_id: str) -> Stats:
        found = await self._runs.running(instance_id).control.request("stats")
        return Stats(found["memory"], found["cpu_seconds"], found["pids"], found.get("oom_kills", 0))

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        return self._runs.status(instance_id)


async def _execute(folder: Path, output: int) -> bool:
    """Start a supervisor, which will execute the bridge, without a zygote."""
    command = [sys.executable, "-I", "-S", "-c", START, str(PACKAGE.parent), str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True
    )
    try:
        async with asyncio.timeout(SPAWN_LIMIT):
            return await process.wait() == 0
    except BaseException:
        process.kill()
        raise


async def _in_thread(function: Callable[..., None], *args: object) -> None:
    """Like `asyncio.to_thread`, but over when this is, also when cancelled: nothing is made after it was cleared."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
