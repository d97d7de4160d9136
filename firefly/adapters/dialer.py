"""How the front door reaches sandboxes: the keeper starts them, the bridge says on which port the application is."""

import asyncio
import errno
import re
import socket
from dataclasses import dataclass
from uuid import UUID

from firefly.adapters.bridges import BridgeCalls
from firefly.errors import SandboxFailed, TimedOut, Unavailable
from firefly.protocol.application import ApplicationKind, ApplicationStatus, Line, State
from firefly.proxy import Dialer, Progress, Step
from firefly.routes import BridgeTarget, SandboxTarget, Target
from firefly.sandbox.backend import Instance
from firefly.sandbox.keeper import Keeper

READY_LIMIT = 600.0
ASK_LIMIT = 20.0
# Between two askings of a bridge, which may be hostile and answer at once.
PAUSE = 0.05
OUTPUT_LINES = 20
LONGEST_LINE = 160
SERVING = frozenset({State.RUNNING, State.WAITING})
COMING = frozenset({State.INSTALLING, State.STARTING})

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?")


@dataclass(frozen=True, slots=True)
class MainPort:
    """Where the application of one run listens, as it was when last asked."""

    instance_id: str
    port: int
    name: str
    """Both in one, made once: each request asks for it."""


class SandboxDialer(Dialer):
    """Starts what sleeps, waits for an application that installs or starts, tells a crash with its last output.

    What is no sandbox is the concern of `beside`.
    """

    def __init__(self, *, keeper: Keeper, bridges: BridgeCalls, beside: Dialer) -> None:
        self._beside = beside
        self._keeper = keeper
        self._bridges = bridges
        self._ports: dict[UUID, MainPort] = {}
        self._lines: dict[UUID, Line] = {}
        """What applications printed last that somebody waits for."""

    def instance(self, target: Target) -> str | None:
        if not isinstance(target, (SandboxTarget, BridgeTarget)):
            return self._beside.instance(target)
        running = self._keeper.running(target.workspace_id)
        if running is None:
            return None
        if isinstance(target, BridgeTarget) or target.port is not None:
            return running.id
        known = self._ports.get(target.workspace_id)
        return known.name if known is not None and known.instance_id == running.id else None

    def is_awake(self, target: Target) -> bool:
        if not isinstance(target, SandboxTarget | BridgeTarget):
            return self._beside.is_awake(target)
        # The port of an application that nobody asked for yet is not known, though it may run.
        return self._keeper.running(target.workspace_id) is not None

    async def probe(self, target: Target) -> socket.socket:
        if not isinstance(target, SandboxTarget):
            raise Unavailable("Only the health of sandboxes is looked at.")
        port = target.port
        if port is None:
            if self.instance(target) is None:
                raise Unavailable("It is not known where the application listens.")
            port = self._ports[target.workspace_id].port
        try:
            return await self._keeper.probe(target.workspace_id, port)
        except Unavailable as error:
            if self.is_awake(target):
                # With its number, by which another process knows it for what it is.
                raise ConnectionRefusedError(errno.ECONNREFUSED, error.detail) from error
            raise

    async def progress(self, target: Target) -> Progress:
        if not isinstance(target, SandboxTarget):
            return await self._beside.progress(target)
        if self._keeper.running(target.workspace_id) is None:
            return Progress(Step.SANDBOX, self._keeper.place(target.workspace_id))
        if target.port is not None:
            return await self._look_at(target.workspace_id, target.port)
        status, detail = await self._glimpse(target.workspace_id)
        if status.state is State.INSTALLING:
            return Progress(Step.INSTALLING, detail)
        if status.state is State.STARTING:
            return Progress(Step.APPLICATION, detail)
        if status.state in SERVING:
            return await self._look_at(target.workspace_id, status.port)
        # It stopped or crashed: a dial would tell why.
        return Progress(Step.APPLICATION, detail, ready=True)

    async def _glimpse(self, workspace_id: UUID) -> tuple[ApplicationStatus, str]:
        """How an application does, and the line that it printed last, while it is on its way."""
        known = self._lines.pop(workspace_id, None)
        status, line = await self._bridges.glimpse(workspace_id, known.seq if known else None)
        line = line or known
        if line is not None and status.state in COMING:
            self._lines[workspace_id] = line
        return status, readable(line.text) if line else ""

    async def _look_at(self, workspace_id: UUID, port: int) -> Progress:
        try:
            (await self._keeper.probe(workspace_id, port)).close()
        except (OSError, Unavailable):
            return Progress(Step.PORT, f"Nothing listens on port {port}.")
        return Progress(Step.PORT, ready=True)

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if isinstance(target, BridgeTarget):
            return await self._dial_bridge(target.workspace_id)
        if not isinstance(target, SandboxTarget):
            return await self._beside.dial(target)
        if target.port is not None:
            instance, connection = await self._keeper.connect(target.workspace_id, target.port)
            return instance.id, connection
        return await self._dial_application(target.workspace_id)

    def touch(self, target: Target, at: float) -> None:
        if isinstance(target, SandboxTarget | BridgeTarget):
            self._keeper.touch(target.workspace_id, at)

    async def _dial_bridge(self, workspace_id: UUID) -> tuple[str, socket.socket]:
        instance = await self._keeper.ensure(workspace_id)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            path = str(self._keeper.bridge_path(workspace_id))
            async with asyncio.timeout(5):
                await asyncio.get_running_loop().sock_connect(connection, path)
        except (OSError, TimeoutError) as error:
            connection.close()
            raise Unavailable("The project server of this sandbox does not answer. Try again.") from error
        except BaseException:
            connection.close()
            raise
        return instance.id, connection

    async def _dial_application(self, workspace_id: UUID) -> tuple[str, socket.socket]:
        instance = await self._keeper.ensure(workspace_id)
        known = self._ports.get(workspace_id)
        if known is None or known.instance_id != instance.id:
            known = await self._find_port(workspace_id, instance)
        try:
            return await self._connect(workspace_id, known)
        except (OSError, Unavailable):
            self._ports.pop(workspace_id, None)
        # It stopped, crashed or moved to another port since it was last asked.
        return await self._connect(workspace_id, await self._find_port(workspace_id, instance))

    async def _connect(self, workspace_id: UUID, known: MainPort) -> tuple[str, socket.socket]:
        _, connection = await self._keeper.connect(workspace_id, known.port)
        return known.name, connection

    async def _find_port(self, workspace_id: UUID, instance: Instance) -> MainPort:
        """Ask the bridge until the application serves. Raises SandboxFailed, Unavailable, TimedOut."""
        try:
            async with asyncio.timeout(READY_LIMIT):
                status = await self._wait_serving(workspace_id)
        except TimeoutError:
            raise TimedOut("The application is not ready yet. Its output says what it waits for.") from None
        found = MainPort(instance.id, status.port, f"{instance.id}:{status.port}")
        self._ports[workspace_id] = found
        return found

    async def _wait_serving(self, workspace_id: UUID) -> ApplicationStatus:
        while True:
            status = await self._bridges.application(workspace_id, wait=ASK_LIMIT)
            if status.state in SERVING or _is_done(status):
                return status
            if status.state not in COMING:
                raise SandboxFailed(status.reason, output=_text(await self._bridges.recent_output(workspace_id)))
            await asyncio.sleep(PAUSE)


def readable(text: str) -> str:
    """A line of a terminal as plain text, without colours, and not too long."""
    return "".join(c for c in _ESCAPES.sub("", text) if c.isprintable())[:LONGEST_LINE].strip()


def _is_done(status: ApplicationStatus) -> bool:
    """A script that ended well: what it printed is still the page."""
    return status.kind is ApplicationKind.SCRIPT and status.state is State.STOPPED and status.exit_code == 0


def _text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines[-OUTPUT_LINES:])
