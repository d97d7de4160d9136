"""What this machine offers sandboxes, found by trying; `firefly doctor` prints what it lacks."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import cgroups, landlock, seccomp
from .backend import Capabilities, Lack, LimitKind, Protection
from .payload import HOLDER

PROBE_LIMIT = 10
PROBE_UID = 1862270976
CAP_SYS_ADMIN = 1 << 21
LIMITS: Mapping[LimitKind, str] = {
    "cgroup2": "control groups, version 2",
    "cgroup1": "control groups, version 1",
    "rlimit": "RLIMIT_DATA and RLIMIT_NPROC, with a watchdog",
}
UNISOLATED = "Code is not kept apart from this machine: only administrators' projects run."


@dataclass(frozen=True, slots=True)
class Machine:
    """Programs and control groups to use. `bubblewrap` is empty where sandboxes cannot be isolated."""

    bubblewrap: str
    slirp: str
    groups: dict[str, str]
    capabilities: Capabilities

    @property
    def forks(self) -> bool:
        """Whether bridges can be forked from a zygote: what holds their sandbox open comes from the machine."""
        return bool(self.bubblewrap) and Path(HOLDER).exists()


def look(extra: tuple[Lack, ...] = ()) -> Machine:
    """Try everything once. Blocks for some 50 ms. `extra` are lacks found elsewhere."""
    lacks: list[Lack] = []
    bubblewrap = _find_bubblewrap(lacks)
    slirp = _find_slirp(lacks) if bubblewrap else ""
    if bubblewrap and not seccomp.program():
        lacks.append(
            Lack(
                f"a filter of system calls for {platform.machine()}",
                "Code in a sandbox may make every system call, so that more of the kernel can be attacked.",
                "run on x86_64 or aarch64",
            )
        )
    groups = cgroups.find()
    if not groups:
        lacks.append(
            Lack(
                "control groups",
                "Memory is limited per process with a watchdog, processor time is not limited.",
                "run as root, or as a systemd user service with Delegate=yes",
            )
        )
    elif "" not in groups and "cpu" not in groups:
        lacks.append(Lack("the cpu control group", "Processor time is not limited.", "mount the cpu controller"))
    protections = tuple(_protections(groups)) if bubblewrap else ()
    freezes = cgroups.can_freeze(groups)
    capabilities = Capabilities(bool(bubblewrap), (*lacks, *extra), _kind(groups), freezes, protections=protections)
    return Machine(bubblewrap, slirp, groups, capabilities)


def _protections(groups: dict[str, str]) -> Iterator[Protection]:
    """How sandboxes are kept here; what is not there has a lack of its own, or costs nothing but memory."""
    kind = _kind(groups)
    where = "" if kind == "rlimit" else f", in {groups.get('', groups.get('memory'))}"
    yield Protection("limits", LIMITS[kind] + where)
    yield Protection("freezing", "by control groups" if cgroups.can_freeze(groups) else "no: idle sandboxes only stop")
    yield Protection("system calls", "filtered" if seccomp.program() else "all of the kernel's")
    version = landlock.version()
    yield Protection("Landlock", f"version {version}" if version else "no, mounts alone say what may be written")
    forks = Path(HOLDER).exists()
    yield Protection("zygote", "bridges are forked" if forks else f"no {HOLDER}: each bridge is executed, in 40 MB")


def _kind(groups: dict[str, str]) -> LimitKind:
    if not groups:
        return "rlimit"
    return "cgroup2" if "" in groups else "cgroup1"


def _find_bubblewrap(lacks: list[Lack]) -> str:
    program = shutil.which("bwrap")
    if program is None:
        lacks.append(Lack("bubblewrap", UNISOLATED, "apt install bubblewrap"))
        return ""
    if os.getuid() == 0 and not _may_administer():
        lacks.append(Lack("CAP_SYS_ADMIN", UNISOLATED, "run as an ordinary user, or give root this capability"))
        return ""
    failure = _try(program)
    if failure:
        remedy = (
            "allow unprivileged user namespaces (kernel.unprivileged_userns_clone, AppArmor, seccomp of containers)"
        )
        lacks.append(Lack(f"namespaces ({failure})", UNISOLATED, remedy))
        return ""
    return program


def _may_administer() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & CAP_SYS_ADMIN)
    return False


def _try(program: str) -> str:
    """Start bubblewrap as sandboxes do; what it says if it cannot."""
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]
    mounts = ["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]
    command = [program, *options, *mounts, "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/true"]
    user = PROBE_UID if os.getuid() == 0 else None
    groups: list[int] | None = [] if user else None
    try:
        result = subprocess.run(
            command,
            user=user,
            group=user,
            extra_groups=groups,
            cwd="/",
            timeout=PROBE_LIMIT,
            capture_output=True,
            text=True,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return "" if result.returncode == 0 else result.stderr.strip().rpartition("\n")[2] or "bwrap failed"


def _find_slirp(lacks: list[Lack]) -> str:
    consequence = "Nothing inside a sandbox reaches the network, but the cache of packages."
    program = shutil.which("slirp4netns")
    if program is None:
        lacks.append(Lack("slirp4netns", consequence, "apt install slirp4netns"))
        return ""
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        lacks.append(Lack("/dev/net/tun", consequence, "modprobe tun, or hand the device to the container"))
        return ""
    return program
