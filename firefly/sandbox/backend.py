"""What makes sandboxes: the one interface, beside the values that pass through it."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import Conflict, Unavailable
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecResult

from .images import ImageSource, refuse
from .model import (
    Capabilities,
    ExitStatus,
    Instance,
    Lack,
    Layer,
    LimitKind,
    Limits,
    Protection,
    SandboxSpec,
    State,
    Stats,
)

__all__ = [
    "Capabilities", "ExitStatus", "Instance", "Lack", "Layer", "LimitKind", "Limits", "Protection", "SandboxBackend",
    "SandboxSpec", "State", "Stats",
]  # fmt: skip


class SandboxBackend(ABC):
    """Makes, finds again, reaches and ends sandboxes; knows no project, no database and no policy.

    Promises of every implementation:

    - A workspace's files outlive its sandboxes, unless `capabilities().keeps_files` is false; only `remove_workspace`
      deletes them.
    - A sandbox outlives the server that started it; `adopt` finds it again.
    - Nothing that runs inside can reach another sandbox, the server's files or sockets, or this machine's addresses,
      unless `capabilities().isolated` is false.
    - An instance id is never used twice. Calls with the id of a run that has ended raise `Unavailable`, `stop` aside.
    - Every call has a limit of its own; a call that is cancelled leaves nothing half made.
    """

    async def look(self) -> None:
        """See what the machine offers, where that takes its time. Harms no other server that has the sandboxes."""
        return

    @abstractmethod
    async def open(self) -> None:
        """Make folders, and `look` where nobody has. Called before anything else, and again after `close`."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of everything, without stopping any sandbox."""

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What was found by `look`."""

    @abstractmethod
    async def ground(self) -> str:
        """What every workspace lies upon, as a name: another one where the same commands could make something else.

        Raises SandboxFailed where it is an image that is nowhere to be had.
        """

    def offer_images(self, source: ImageSource) -> None:
        """Have images that are asked for, and are not there, from `source`. Before the first start."""
        return

    async def accompany(self, instance_id: str, image: str) -> None:
        """Have an image run beside what runs, as if its specification had asked for it; no error where it does.

        Raises SandboxFailed where it is nowhere to be had, Unavailable where the run has ended.
        """
        refuse(image)

    @abstractmethod
    async def create(self, spec: SandboxSpec) -> Instance:
        """Start a sandbox of a workspace, making the workspace's folders where there are none.

        Returns when the bridge inside answers. Raises SandboxFailed with the last output where it does not, or where
        the sandbox is not trusted and the machine cannot isolate it. The caller sees to it that a workspace has one
        run at a time.
        """

    @abstractmethod
    async def stop(self, instance_id: str, *, reason: str) -> None:
        """End a run: the bridge is asked, then killed with all that it started. An ended or unknown run is no error."""

    @abstractmethod
    async def freeze(self, instance_id: str) -> None:
        """Pause all that runs; memory is kept, no processor time is used. A frozen run is no error.

        Its sockets still accept connections and bytes, so who connects must know that nobody answers. Raises
        Unavailable where it cannot be done; everything goes on then.
        """

    @abstractmethod
    async def thaw(self, instance_id: str) -> None:
        """Let a frozen run go on; one that is not is no error. Raises Unavailable."""

    @abstractmethod
    def frozen(self, instance_id: str) -> bool:
        """Whether the run is frozen, by whichever server."""

    @abstractmethod
    async def wait(self, instance_id: str) -> ExitStatus:
        """Return when the run has ended; at once where it already has. Raises Unavailable for what is not known."""

    @abstractmethod
    async def remove_workspace(self, workspace_id: UUID) -> None:
        """Delete a workspace's files. Raises Conflict while a sandbox of it runs."""

    async def settle(self, workspace_id: UUID, layer_id: UUID) -> tuple[int, int]:
        """Make a layer of what a workspace has beside its own layers; returns its bytes on the disk and its files.

        The workspace is empty afterwards, and must not be started again. Raises Conflict while a sandbox of it runs,
        and where the backend has no layers.
        """
        raise Conflict("Sandboxes of this backend have no layers.")

    async def remove_layer(self, layer_id: UUID) -> None:
        """Delete a layer's files. No workspace lies on it any more; one that is not there is no error."""
        return

    @abstractmethod
    async def list(self) -> Sequence[Instance]:
        """What runs now, oldest first."""

    @abstractmethod
    async def adopt(self) -> Sequence[Instance]:
        """Find the runs that an earlier server left behind; what has ended since is cleared away. Called once."""

    @abstractmethod
    async def connect(self, instance_id: str, port: int) -> socket.socket:
        """Connect to a port inside: 127.0.0.1, then ::1. The socket does not block and belongs to the caller.

        Raises Unavailable where nothing listens, TimedOut where nothing answers, InvalidInput for what is no port.
        """

    @abstractmethod
    def bridge_path(self, instance_id: str) -> Path:
        """The unix socket that the bridge accepts on; no path inside the sandbox leads to it."""

    @abstractmethod
    def gateway_path(self, instance_id: str) -> Path:
        """A folder that the sandbox sees, read-only, at /run/firefly/gateway; the server may listen on sockets in it.

        It exists as long as the run. Sockets in it need mode 0666: the sandbox's user is another one.
        """

    async def exec(
        self,
        instance_id: str,
        command: str | Sequence[str],
        *,
        environment: Mapping[str, str] = {},
        timeout: float = DEFAULT_TIMEOUT,
    ) -> ExecResult:
        """Run a command in the workspace, as the sandbox's user, and wait for its end.

        A string goes through the shell, a list does not. `environment` is added to what terminals have. The command
        is ended, with its process group, after `timeout` seconds (the result says so), when this call is cancelled,
        and with the run; what it leaves in its group ends with it. Of each output the first 4 MiB are kept.

        Raises Unavailable where the run has ended, ends meanwhile, or is frozen; InvalidInput where the command cannot
        be started; LimitReached where too many run. By default the bridge does it, wherever its socket leads to.
        """
        if self.frozen(instance_id):
            raise Unavailable("The sandbox is frozen.")
        async with domain_errors(), BridgeClient.on_socket(self.bridge_path(instance_id)) as bridge:
            wanted = command if isinstance(command, str) else [*command]
            return await bridge.execute(wanted, timeout=timeout, env=environment)

    @abstractmethod
    async def logs(self, instance_id: str) -> str:
        """The last 64 KiB that the supervisor and the bridge printed; also after the run has ended."""

    @abstractmethod
    async def stats(self, instance_id: str) -> Stats:
        """What the run uses now."""

    @abstractmethod
    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        """How the run ended; None while it runs, or where nothing is known of it."""
