"""What a project asks for its sandbox, and what it is granted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from firefly.errors import InvalidInput
from firefly.settings import Settings

from .backend import Limits

LEAST_MEMORY, LEAST_CPU, LEAST_PIDS, LEAST_DISK = 64 << 20, 0.1, 16, 16 << 20
LEAST_IDLE = 30.0
NEVER = 0.0
"""What `freeze` is where a project does not want its sandbox frozen."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Seconds, bytes of memory, processors, processes, bytes on the disk.

    What is None is left to the next in line, in the end the server.
    """

    freeze: float | None = None
    stop: float | None = None
    memory: int | None = None
    cpu: float | None = None
    pids: int | None = None
    disk: int | None = None


NOTHING = Wishes()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a sandbox has: `freeze` and `stop` are seconds without activity, `age` the seconds that it may run in all.

    `freeze` and `age` are None where that never happens. `notes` are sentences for people: what was not granted.
    """

    limits: Limits = field(default_factory=Limits)
    freeze: float | None = 600.0
    stop: float = 3600.0
    age: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bound:
    least: float
    most: float
    setting: str
    words: str
    say: Callable[[float], str]


class Allowance:
    """What a project may have, by the settings. Without `freezes` no sandbox can be frozen here."""

    def __init__(self, settings: Settings, *, freezes: bool) -> None:
        self._freezes = freezes
        self.standard = Wishes(
            settings.idle_freeze, settings.idle_stop, settings.sandbox_memory, settings.sandbox_cpu,
            settings.sandbox_pids, settings.sandbox_disk,
        )  # fmt: skip
        self._age = settings.sandbox_max_age or None
        self._limits = Limits(files=settings.sandbox_files)
        idle = max(settings.idle_stop_max, settings.idle_stop)
        memory = max(settings.sandbox_memory_max, settings.sandbox_memory)
        pids = max(settings.sandbox_pids_max, settings.sandbox_pids)
        cpu = max(settings.sandbox_cpu_max, settings.sandbox_cpu)
        disk = max(settings.sandbox_disk_max, settings.sandbox_disk)
        self._bounds: Mapping[str, _Bound] = {
            "freeze": _Bound(LEAST_IDLE, idle, "FIREFLY_IDLE_STOP_MAX", "being frozen after {}", duration),
            "stop": _Bound(LEAST_IDLE, idle, "FIREFLY_IDLE_STOP_MAX", "being stopped after {}", duration),
            "memory": _Bound(LEAST_MEMORY, memory, "FIREFLY_SANDBOX_MEMORY_MAX", "{} of memory", size),
            "cpu": _Bound(LEAST_CPU, cpu, "FIREFLY_SANDBOX_CPU_MAX", "{} processors", "{:g}".format),
            "pids": _Bound(LEAST_PIDS, pids, "FIREFLY_SANDBOX_PIDS_MAX", "{} processes", "{:.0f}".format),
            "disk": _Bound(LEAST_DISK, disk, "FIREFLY_SANDBOX_DISK_MAX", "{} on the disk", size),
        }

    @property
    def most(self) -> Wishes:
        return Wishes(**{name: type_of(name)(bound.most) for name, bound in self._bounds.items()})

    def grant(self, *, file: Wishes = NOTHING, stored: Wishes = NOTHING) -> Terms:
        """What a project has whose firefly.yml and settings ask for this. The file comes first."""
        notes: list[str] = []
        had = {name: self._one(name, file, stored, notes) for name in self._bounds}
        freeze = had["freeze"] or None
        return Terms(
            limits=replace(
                self._limits, memory=int(had["memory"]), cpu=had["cpu"], pids=int(had["pids"]), disk=int(had["disk"])
            ),
            freeze=freeze if self._freezes and freeze is not None and freeze < had["stop"] else None,
            stop=had["stop"],
            age=self._age,
            notes=tuple(notes),
        )

    def _one(self, name: str, file: Wishes, stored: Wishes, notes: list[str]) -> float:
        for source, wishes in (("firefly.yml asks", file), ("The project's settings ask", stored)):
            wanted: float | None = getattr(wishes, name)
            if wanted is not None:
                granted = self._clamp(name, wanted)
                if granted != wanted:
                    bound, which = self._bounds[name], "most" if granted < wanted else "least"
                    wish = bound.words.format(bound.say(wanted))
                    notes.append(f"{source} for {wish}; the {which} here is {bound.say(granted)}.")
                return granted
        return float(getattr(self.standard, name))

    def _clamp(self, name: str, wanted: float) -> float:
        if name == "freeze" and wanted == NEVER:
            return NEVER
        bound = self._bounds[name]
        return min(max(wanted, bound.least), bound.most)

    def check(self, wishes: Wishes) -> None:
        """Raises InvalidInput, which names the field and the setting, for what would not be granted."""
        for name, bound in self._bounds.items():
            wanted: float | None = getattr(wishes, name)
            if wanted is None or (granted := self._clamp(name, wanted)) == wanted:
                continue
            which = f"most here ({bound.setting})" if granted < wanted else "least"
            raise InvalidInput(f"`{name}`: the {which} is {bound.say(granted)}.", field=name)


def type_of(name: str) -> Callable[[Any], Any]:
    return int if name in ("memory", "pids", "disk") else float


def size(count: float) -> str:
    for unit, length in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= length:
            return f"{count / length:.3g} {unit}"
    return f"{count:.0f} bytes"


def duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
