"""How the front door reaches sandboxes: the keeper starts them, the bridge says on which port the application is."""

import asyncio
import socket
from dataclasses import dataclass
from uuid import UUID

from firefly.adapters.bridges import BridgeCalls
from firefly.errors import NotFound, SandboxFailed, TimedOut, Unavailable
from firefly.protocol.application import ApplicationKind, ApplicationStatus, Line, State
from firefly.proxy import Dialer
from firefly.routes import BridgeTarget, SandboxTarget, Target
from firefly.sandbox.backend import Instance
from firefly.sandbox.keeper import Keeper

READY_LIMIT = 600.0
ASK_LIMIT = 20.0
# Between two askings of a bridge, which may be hostile and answer at once.
PAUSE = 0.05
OUTPUT_LINES = 20
SERVING = frozenset({State.RUNNING, State.WAITING})
COMING = frozenset({State.INSTALLING, State.STARTING})


@dataclass(frozen=True, slots=True)
class MainPort:
    """Where the application of one run listens, as it was when last asked."""

    instance_id: str
    port: int


class SandboxDialer(Dialer):
    """Starts what sleeps, waits for an application that installs or starts, tells a crash with its last output."""

    def __init__(self, *, keeper: Keeper, bridges: BridgeCalls) -> None:
        self._keeper = keeper
        self._bridges = bridges
        self._ports: dict[UUID, MainPort] = {}

    def instance(self, target: Target) -> str | None:
        if not isinstance(target, SandboxTarget | BridgeTarget):
            return None
        running = self._keeper.running(target.workspace_id)
        if running is None:
            return None
        if isinstance(target, BridgeTarget) or target.port is not None:
            return running.id
        known = self._ports.get(target.workspace_id)
        return f"{running.id}:{known.port}" if known and known.instance_id == running.id else None

    def is_awake(self, target: Target) -> bool:
        # The port of an application that nobody asked for yet is not known, though it may run.
        return (
            isinstance(target, SandboxTarget | BridgeTarget) and self._keeper.running(target.workspace_id) is not None
        )

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
                raise ConnectionRefusedError(error.detail) from error
            raise

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if isinstance(target, BridgeTarget):
            return await self._dial_bridge(target.workspace_id)
        if not isinstance(target, SandboxTarget):
            raise NotFound("This target is not a sandbox.")
        if target.port is not None:
            instance, connection = await self._keeper.connect(target.workspace_id, target.port)
            return instance.id, connection
        return await self._dial_application(target.workspace_id)

    def touch(self, target: Target) -> None:
        if isinstance(target, SandboxTarget | BridgeTarget):
            self._keeper.touch(target.workspace_id)

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
        return f"{known.instance_id}:{known.port}", connection

    async def _find_port(self, workspace_id: UUID, instance: Instance) -> MainPort:
        """Ask the bridge until the application serves. Raises SandboxFailed, Unavailable, TimedOut."""
        try:
            async with asyncio.timeout(READY_LIMIT):
                status = await self._wait_serving(workspace_id)
        except TimeoutError:
            raise TimedOut("The application is not ready yet. Its output says what it waits for.") from None
        found = MainPort(instance.id, status.port)
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


def _is_done(status: ApplicationStatus) -> bool:
    """A script that ended well: what it printed is still the page."""
    return status.kind is ApplicationKind.SCRIPT and status.state is State.STOPPED and status.exit_code == 0


def _text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines[-OUTPUT_LINES:])
