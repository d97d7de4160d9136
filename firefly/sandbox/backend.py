"""What makes sandboxes: the one interface, and the values that pass through it."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal
from uuid import UUID

from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import Conflict, Unavailable
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecResult

from .images import ImageSource, refuse

LimitKind = Literal["cgroup2", "cgroup1", "rlimit"]


class State(StrEnum):
    """Where a workspace's sandbox stands. `absent`: never started, or its workspace is new."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    FROZEN = "frozen"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandbox may use: bytes of memory, processors, processes and threads, open files per process.

    `disk` bytes and `files` (folders and links too) is what its workspace may take up.
    """

    memory: int = 1 << 30
    cpu: float = 1.0
    pids: int = 512
    open_files: int = 4096
    disk: int = 5 << 30
    files: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Layer:
    """Files that nobody changes any more; `uid` owns them where the server is root."""

    id: UUID
    uid: int


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What to start. `uid` owns the workspace where the server is root; elsewhere it is not used.

    `owner` is the name of who answers for it, empty where nobody does yet. `environment` is added to the bridge's.
    `bounded`: he may run no more of them than the settings say. `trusted`: the project is an administrator's, whose
    sandboxes may run where the machine offers no isolation. `layers` are what the workspace begins on, the uppermost
    first: their files are seen in it, and a change of one changes the workspace's own copy only. `image` is run beside
    the bridge, in its network, when a program inside asks for it (`firefly-image`): by its id, or by a name that the
    engine has or finds.
    """

    workspace_id: UUID
    uid: int
    limits: Limits = Limits()
    environment: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    owner: str = ""
    bounded: bool = True
    layers: Sequence[Layer] = ()
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of a sandbox. `id` is unique per start, so that nothing kept for an earlier run is used for a later."""

    id: str
    workspace_id: UUID
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Stats:
    """What a sandbox uses now: bytes of memory, seconds of processor time so far, processes and threads.

    `oom_kills`: how many of its processes were ended so far because its memory was used up, where that is known.
    """

    memory: int
    cpu_seconds: float
    pids: int
    oom_kills: int = 0

    def __add__(self, other: "Stats") -> "Stats":
        memory, seconds, pids = self.memory + other.memory, self.cpu_seconds + other.cpu_seconds, self.pids + other.pids
        return Stats(memory, round(seconds, 2), pids, self.oom_kills + other.oom_kills)


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a run ended. `code` is the bridge's exit code, negative for a signal; None where nobody saw it.

    `lost`: its machine went away with it, so that it is nobody's fault, and it may start elsewhere at once.
    """

    code: int | None
    reason: str
    ended_at: datetime
    requested: bool
    output: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the machine does not offer, what follows from it, and what an operator can do."""

    what: str
    consequence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Protection:
    """Something that keeps sandboxes apart or within bounds, and how it is done here."""

    what: str
    how: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do here. Without `isolated` only trusted sandboxes may start, unless the operator says so.

    Without `images` a specification with one is refused; with `images_join` one can be run beside what runs already.
    Without `freezes` a run cannot be paused: `freeze` and `thaw` do nothing. Without `keeps_files` a workspace's files
    end with its run, and whoever starts the next one restores them. Without `layers` every workspace
    begins empty, and `settle` is refused; with them it lies on them, or begins with a copy.
    """

    isolated: bool
    lacks: tuple[Lack, ...]
    limits: LimitKind
    freezes: bool = False
    keeps_files: bool = True
    layers: bool = False
    images: bool = False
    images_join: bool = False
    protections: tuple[Protection, ...] = ()


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
