"""The values that pass through what makes sandboxes: what to start, what runs, how it ended, what can be done here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

# Of the bridge's environment: bytes.
MEMORY = "FIREFLY_MEMORY"
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

    @property
    def variables(self) -> Mapping[str, str]:
        """The bridge's: `environment`, and how much memory there is, which nothing inside can find out everywhere."""
        return {**self.environment, MEMORY: str(self.limits.memory)}


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
