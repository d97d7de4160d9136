"""The twin of `SandboxBackend` in memory."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from firefly.bridge import process
from firefly.bridge.services.execution import MOST_OUTPUT, result_of
from firefly.bridge.tasks import first_of, to_the_end
from firefly.clock import Clock, SystemClock
from firefly.errors import Conflict, InvalidInput, SandboxFailed, TimedOut, Unavailable
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecResult
from firefly.sandbox import images, trees
from firefly.sandbox.backend import (
    Capabilities,
    ExitStatus,
    Instance,
    SandboxBackend,
    SandboxSpec,
    Stats,
)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class _Run:
    instance: Instance
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None
    server: asyncio.Server | None = None
    frozen: bool = False


class MemoryBackend(SandboxBackend):
    """Sandboxes without processes. `folder` holds their files; `bridge`, where given, serves each bridge path.

    `listen` puts a handler on a port of a workspace; `end` lets a run end by itself; `exec` runs commands as ordinary
    processes of this machine, in the workspace's folder. `started` lists every spec that was started, in order.
    `earlier` is the backend of a server that was, whose runs this one may adopt.
    """

    def __init__(
        self,
        folder: Path,
        *,
        bridge: Handler | None = None,
        clock: Clock | None = None,
        capabilities: Capabilities | None = None,
        earlier: "MemoryBackend | None" = None,
    ) -> None:
        self.folder = folder
        self.started: list[SandboxSpec] = []
        self.removed: list[UUID] = []
        self.layers: dict[UUID, UUID] = {}
        self._bridge = bridge
        self._clock = clock or SystemClock()
        self._capabilities = capabilities or Capabilities(isolated=True, lacks=(), limits="cgroup2", freezes=True)
        self._runs: dict[str, _Run] = dict(earlier._runs) if earlier else {}
        self._handlers: dict[tuple[UUID, int], Handler | None] = dict(earlier._handlers) if earlier else {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        """End what serves; the runs go on, for a later backend to adopt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for run in self._runs.values():
            _close(run)

    async def ground(self) -> str:
        return "this machine"

    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def create(self, spec: SandboxSpec) -> Instance:
        images.refuse(spec.image)
        self.started.append(spec)
        if not (self._capabilities.isolated or spec.trusted):
            raise SandboxFailed("This machine offers no isolation.")
        await self.before_ready(spec)
        instance = Instance(secrets.token_hex(4), spec.workspace_id, self._clock.now())
        self.gateway_path(instance.id).mkdir(parents=True)
        run = _Run(instance)
        try:
            await to_the_end(self._serve_bridge(run))
        except asyncio.CancelledError:
            _close(run)
            raise
        self._runs[instance.id] = run
        return instance

    async def _serve_bridge(self, run: _Run) -> None:
        if self._bridge is not None:
            path = self.bridge_path(run.instance.id)
            path.unlink(missing_ok=True)
            run.server = await asyncio.start_unix_server(self._bridge, str(path))

    async def before_ready(self, spec: SandboxSpec) -> None:
        """What a start does before the bridge answers; a test's own kind may differ here."""

    async def stop(self, instance_id: str, *, reason: str) -> None:
        self._end(instance_id, code=0, reason=reason, requested=True)

    def end(self, instance_id: str, *, code: int = 1, output: str = "") -> None:
        """Let a run end by itself, as a crash does."""
        self._end(instance_id, code=code, reason=f"The bridge ended with code {code}.", requested=False, output=output)

    def lose(self, instance_id: str) -> None:
        """Let a run end with its machine."""
        self._end(instance_id, code=None, reason="Its node does not answer any more.", requested=False, lost=True)

    def _end(
        self, instance_id: str, *, code: int | None, reason: str, requested: bool, output: str = "", lost: bool = False
    ) -> None:
        run = self._runs.get(instance_id)
        if run is None or run.status is not None:
            return
        run.status = ExitStatus(code, reason, self._clock.now(), requested, output, lost)
        _close(run)
        run.ended.set()

    async def freeze(self, instance_id: str) -> None:
        self._running(instance_id).frozen = self._capabilities.freezes

    async def thaw(self, instance_id: str) -> None:
        self._running(instance_id).frozen = False

    def frozen(self, instance_id: str) -> bool:
        run = self._runs.get(instance_id)
        return run is not None and run.status is None and run.frozen

    async def wait(self, instance_id: str) -> ExitStatus:
        run = self._runs.get(instance_id)
        if run is None:
            raise Unavailable("Nothing is known of this sandbox.")
        await run.ended.wait()
        assert run.status is not None
        return run.status

    async def remove_workspace(self, workspace_id: UUID) -> None:
        if any(run.instance.workspace_id == workspace_id for run in self._live()):
            raise Conflict("Stop the sandbox first.")
        self.removed.append(workspace_id)
        await trees.remove(self.workspace(workspace_id))

    async def list(self) -> Sequence[Instance]:
        return sorted((run.instance for run in self._live()), key=_start_time)

    async def adopt(self) -> Sequence[Instance]:
        for run in self._live():
            await self._serve_bridge(run)
        return await self.list()

    async def connect(self, instance_id: str, port: int) -> socket.socket:
        if not 1 <= port <= 65535:
            raise InvalidInput(f"{port} is not a port.", field="port")
        place = self._running(instance_id).instance.workspace_id, port
        if place not in self._handlers:
            raise Unavailable(f"Nothing listens on port {port}.")
        handler = self._handlers[place]
        if handler is None:
            raise TimedOut(f"Port {port} does not answer.")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=theirs)
        task = asyncio.create_task(_serve(handler, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ours

    def listen(self, workspace_id: UUID, port: int, handler: Handler | None) -> None:
        """Let `handler` serve the connections to a port of a workspace, in every run of it; None answers nobody."""
        self._handlers[workspace_id, port] = handler

    def workspace(self, workspace_id: UUID) -> Path:
        """Where the files of a workspace are; made by the first command."""
        return self.folder / "workspaces" / str(workspace_id)

    async def exec(
        self,
        instance_id: str,
        command: str | Sequence[str],
        *,
        environment: Mapping[str, str] = {},
        timeout: float = DEFAULT_TIMEOUT,
    ) -> ExecResult:
        here = self._awake(instance_id)
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
        cwd, variables = self.workspace(here.instance.workspace_id), {**os.environ, **environment}
        cwd.mkdir(parents=True, exist_ok=True)
        running = process.run(argv, cwd=cwd, env=variables, timeout=timeout, limit=MOST_OUTPUT)
        return result_of(await first_of(running, _end_with(here.ended)))

    async def settle(self, workspace_id: UUID, layer_id: UUID) -> tuple[int, int]:
        if any(run.instance.workspace_id == workspace_id for run in self._live()):
            raise Conflict("Stop the sandbox first.")
        self.layers[layer_id] = workspace_id
        return 1 << 20, 3

    async def remove_layer(self, layer_id: UUID) -> None:
        self.layers.pop(layer_id, None)

    def bridge_path(self, instance_id: str) -> Path:
        return self.folder / instance_id / "bridge.sock"

    def gateway_path(self, instance_id: str) -> Path:
        return self.folder / instance_id / "gateway"

    async def logs(self, instance_id: str) -> str:
        status = await self.exit_status(instance_id)
        return status.output if status else ""

    async def stats(self, instance_id: str) -> Stats:
        self._running(instance_id)
        return Stats(memory=10 << 20, cpu_seconds=0.5, pids=3)

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        run = self._runs.get(instance_id)
        return run.status if run else None

    def _running(self, instance_id: str) -> _Run:
        run = self._runs.get(instance_id)
        if run is None or run.status is not None:
            raise Unavailable("The sandbox has ended.")
        return run

    def _awake(self, instance_id: str) -> _Run:
        run = self._running(instance_id)
        if run.frozen:
            raise Unavailable("The sandbox is frozen.")
        return run

    def _live(self) -> Sequence[_Run]:
        return [run for run in self._runs.values() if run.status is None]


def _close(run: _Run) -> None:
    if run.server is not None:
        run.server.close()


def _start_time(instance: Instance) -> datetime:
    return instance.started_at


async def _serve(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await handler(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _end_with(ended: asyncio.Event) -> process.Finished:
    await ended.wait()
    raise Unavailable("The sandbox has ended.")
