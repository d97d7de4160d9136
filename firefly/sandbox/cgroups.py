"""Control groups, version 2 or 1: where they may be made, their limits, freezing what is in them, removing them.

Standard library only: `find` runs in the server, the rest in the supervisor.
"""

import contextlib
import errno
import os
import time
from pathlib import Path

CONTROLLERS = ("memory", "pids", "cpu")
# Version 2 needs no controller for it.
FREEZER = "freezer"
V1_CONTROLLERS = (*CONTROLLERS, FREEZER)
# Of 100, which is what everything else has: the server comes before what a sandbox burns.
WEIGHT = 25
PERIOD = 100_000
V1_PROBE = "firefly-probe"
FREEZE_LIMIT, FREEZE_PAUSE = 2.0, 0.001


def find(
    *,
    mountinfo: Path = Path("/proc/self/mountinfo"),
    membership: Path = Path("/proc/self/cgroup"),
    root: bool | None = None,
) -> dict[str, str]:
    """The folders below which groups can be made, by controller; "" stands for version 2. Empty: nowhere.

    `memory` and `pids` are there, or nothing is; `cpu` and `freezer` may be missing.
    """
    mounts = _mounts(mountinfo)
    own = _memberships(membership)
    if "" in mounts:
        parent = _find_v2(mounts[""], own.get("", "/"), root=os.getuid() == 0 if root is None else root)
        if parent is not None:
            return {"": str(parent)}
    found = {name: _own_folder(mounts[name], own.get(name, "/")) for name in V1_CONTROLLERS if name in mounts}
    usable = {name: str(folder) for name, folder in found.items() if _can_make_groups(folder)}
    return usable if "memory" in usable and "pids" in usable else {}


def _mounts(mountinfo: Path) -> dict[str, Path]:
    """Mount points by controller."""
    found: dict[str, Path] = {}
    for line in mountinfo.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        point = Path(before.split(" ")[4])
        if kind == "cgroup2":
            found[""] = point
        elif kind == "cgroup":
            found.update({name: point for name in options.split(",") if name in V1_CONTROLLERS})
    return found


def _memberships(membership: Path) -> dict[str, str]:
    """This process's group by controller, from lines like `4:memory:/a/b` and `0::/a/b`."""
    found: dict[str, str] = {}
    for line in membership.read_text().splitlines():
        _, names, path = line.split(":", 2)
        found.update(dict.fromkeys(names.split(","), path))
    return found


def _own_folder(point: Path, path: str) -> Path:
    folder = point / path.lstrip("/")
    return folder if folder.is_dir() else point


def _can_make_groups(folder: Path) -> bool:
    probe = folder / f"{V1_PROBE}-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def _find_v2(point: Path, path: str, *, root: bool) -> Path | None:
    """A group that hands memory and pids on to its children: our own where it was given to us, else one at the top."""
    own = _own_folder(point, path)
    if _is_delegated(own, path) and _offers(own) and _hand_on(own):
        return own
    if not root:
        return None
    top = point / "firefly"
    if not _offers(point) or not _hand_on(point):
        return None
    with contextlib.suppress(OSError):
        top.mkdir(exist_ok=True)
        return top if _hand_on(top) else None
    return None


def _is_delegated(own: Path, path: str) -> bool:
    if path == "/":
        return (own / "cgroup.type").exists()
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(own, name) == b"1"
    return False


def _offers(group: Path) -> bool:
    with contextlib.suppress(OSError):
        return {"memory", "pids"} <= set((group / "cgroup.controllers").read_text().split())
    return False


def _hand_on(group: Path) -> bool:
    """Let children of `group` have limits; its own processes, which then may not stay in it, move one floor down."""
    try:
        active = set((group / "cgroup.subtree_control").read_text().split())
        offered = set((group / "cgroup.controllers").read_text().split())
        wanted = " ".join(f"+{name}" for name in CONTROLLERS if name in offered - active)
        if not wanted:
            return True
        try:
            (group / "cgroup.subtree_control").write_text(wanted)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _move_down(group)
            (group / "cgroup.subtree_control").write_text(wanted)
    except OSError:
        return False
    return True


def _move_down(group: Path) -> None:
    server = group / "server"
    server.mkdir(exist_ok=True)
    for pid in (group / "cgroup.procs").read_text().split():
        (server / "cgroup.procs").write_text(pid)


def can_freeze(parents: dict[str, str]) -> bool:
    """Whether groups made in these folders can be frozen."""
    return "" in parents or FREEZER in parents


def sweep(parents: dict[str, str], *, older_than: float = 60) -> None:
    """Remove empty groups of sandboxes that nobody cleared up after; the kernel refuses where a process is left."""
    for parent in parents.values():
        for folder in Path(parent).glob("firefly-*"):
            with contextlib.suppress(OSError):
                if time.time() - folder.stat().st_mtime > older_than:
                    folder.rmdir()


class Group:
    """One sandbox's group, in every hierarchy that `parents` names."""

    def __init__(self, parents: dict[str, str], name: str) -> None:
        self.folders = {controller: Path(parent) / name for controller, parent in parents.items()}

    def make(self, *, memory: int, cpu: float, pids: int) -> None:
        for folder in self.folders.values():
            folder.mkdir(exist_ok=True)
        quota = str(max(int(cpu * PERIOD), 1000))
        if "" in self.folders:
            self._put("", "memory.max", str(memory))
            self._put("", "memory.swap.max", "0", optional=True)
            self._put("", "pids.max", str(pids))
            self._put("", "cpu.max", f"{quota} {PERIOD}", optional=True)
            self._put("", "cpu.weight", str(WEIGHT), optional=True)
            return
        self._put("memory", "memory.limit_in_bytes", str(memory))
        self._put("memory", "memory.memsw.limit_in_bytes", str(memory), optional=True)
        self._put("pids", "pids.max", str(pids))
        self._put("cpu", "cpu.cfs_period_us", str(PERIOD), optional=True)
        self._put("cpu", "cpu.cfs_quota_us", quota, optional=True)
        self._put("cpu", "cpu.shares", str(WEIGHT * 1024 // 100), optional=True)

    def join(self) -> None:
        """Put the calling process into the group, with all that it starts from now on."""
        for folder in self.folders.values():
            (folder / "cgroup.procs").write_text("0")

    def usage(self) -> tuple[int, int]:
        """Bytes of memory without the page cache's part that can be given back, and processes and threads."""
        if "" in self.folders:
            used, statistics = self._read("", "memory.current"), self._statistics("")
            return used - statistics.get("inactive_file", 0), self._read("", "pids.current")
        used, statistics = self._read("memory", "memory.usage_in_bytes"), self._statistics("memory")
        return used - statistics.get("total_inactive_file", 0), self._read("pids", "pids.current")

    def oom_kills(self) -> int:
        """How many processes the kernel ended since the group's memory was used up; of version 1 from Linux 4.13 on."""
        controller, name = ("", "memory.events") if "" in self.folders else ("memory", "memory.oom_control")
        lines = (self.folders[controller] / name).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)

    def freeze(self) -> None:
        """Pause every process in the group. Raises OSError where one does not stop in time; all then go on."""
        try:
            self._turn("1", "FROZEN")
        except OSError:
            self.thaw()
            raise

    def thaw(self) -> None:
        """Let them go on, from where they were. Nothing happens where the group is gone or was never frozen."""
        with contextlib.suppress(FileNotFoundError):
            self._turn("0", "THAWED")

    def _turn(self, flag: str, state: str) -> None:
        """cgroup v2's `cgroup.freeze` and `cgroup.events`, or `freezer.state` of version 1. Raises OSError."""
        if "" in self.folders:
            self._put("", "cgroup.freeze", flag)
            self._await(self.folders[""] / "cgroup.events", f"frozen {flag}")
        elif FREEZER in self.folders:
            self._put(FREEZER, "freezer.state", state)
            self._await(self.folders[FREEZER] / "freezer.state", state, again=state)

    def _await(self, file: Path, line: str, *, again: str = "") -> None:
        """Return when `file` has `line`; `again` is written until it has, as version 1 asks for."""
        limit = time.monotonic() + FREEZE_LIMIT
        while line not in file.read_text().splitlines():
            if time.monotonic() > limit:
                raise TimeoutError("a process does not let itself be frozen")
            time.sleep(FREEZE_PAUSE)
            if again:
                file.write_text(again)

    def remove(self, *, within: float = 2) -> None:
        """Remove the group once its last process has gone, which the kernel reports a little late."""
        limit = time.monotonic() + within
        for folder in self.folders.values():
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > limit:
                        break
                    time.sleep(0.01)

    def _put(self, controller: str, name: str, value: str, *, optional: bool = False) -> None:
        folder = self.folders.get(controller)
        if folder is None:
            return
        try:
            (folder / name).write_text(value)
        except OSError:
            if not optional:
                raise

    def _read(self, controller: str, name: str) -> int:
        return int((self.folders[controller] / name).read_text())

    def _statistics(self, controller: str) -> dict[str, int]:
        lines = (self.folders[controller] / "memory.stat").read_text().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}
