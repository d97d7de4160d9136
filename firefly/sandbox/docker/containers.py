"""The container of one run: its labels, by which it is found again, and all that it is given and denied."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firefly.sandbox.backend import Instance, Limits, SandboxSpec
from firefly.sandbox.mounts import (
    GATEWAY,
    HOME,
    OPT,
    SHARED_MEMORY_SIZE,
    TEMPORARY_SIZE,
    TRUST_VARIABLES,
    USER,
    WORKSPACE,
)
from firefly.settings import Settings

from . import companion_plan, companions
from .labels import labels
from .runs import DOOR

GIVER, HANDED = "give.sock", "handed.json"
GRACE = 3
LOG = {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a run on this machine. `own_files` holds its passwd and group."""

    tree: Path
    home: Path
    gateway: Path
    own_files: Path
    prepared: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started: `user` is a number, `runtime` and `command` may be empty: the engine's and the image's own.

    `door`: the bridge is reached over the network, see `needs_door`.
    """

    installation: str
    instance: Instance
    spec: SandboxSpec
    image: str
    user: int
    network: str
    place: Place
    runtime: str = ""
    command: Sequence[str] = ()
    door: bool = False


def installation(settings: Settings) -> str:
    """What marks all that a data directory's server makes, in an engine that it may share with others."""
    return hashlib.sha256(os.fsencode(settings.data_dir)).hexdigest()[:12]


def own_files(user: int) -> Mapping[str, str]:
    """Names for the one user inside."""
    return {
        "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\n{USER}:x:{user}:{user}::{HOME}:/bin/bash\n",
        "group": f"root:x:0:\n{USER}:x:{user}:\n",
    }


def config(plan: Plan) -> dict[str, Any]:
    """The body of the engine's call that creates it."""
    made: dict[str, Any] = {
        "Image": plan.image,
        "Hostname": "sandbox",
        "User": f"{plan.user}:{plan.user}",
        "WorkingDir": WORKSPACE,
        "Env": [f"{name}={value}" for name, value in environment(plan).items()],
        "Labels": labels(plan.installation, plan.instance),
        "StopSignal": "SIGTERM",
        "StopTimeout": GRACE,
        "HostConfig": _host_config(plan),
    }
    return made | ({"Cmd": list(plan.command)} if plan.command else {})


def companion(
    spec: SandboxSpec,
    marks: Mapping[str, str],
    container: str,
    *,
    files: Sequence[Mapping[str, Any]],
    user: int,
    runtime: str = "",
) -> companion_plan.Plan:
    """What runs an image, if one is asked for, in the network of the bridge's `container`, with files of its own.

    `marks` are the run's, `files` mounts of the project's, `user` is whose these are.
    """
    host = {
        "NetworkMode": f"container:{container}",
        "ShmSize": min(SHARED_MEMORY_SIZE, spec.limits.memory // 4),
        "CapDrop": ["ALL"],
        "CapAdd": list(companion_plan.CAPABILITIES),
        "SecurityOpt": ["no-new-privileges:true"],
        "IpcMode": "private",
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": LOG,
        "Runtime": runtime,
        **_limits(spec.limits),
    }
    config = {"Image": spec.image or "", "Labels": {**marks, companions.COMPANION: "1"}, "HostConfig": host}
    return companion_plan.Plan(config, files, f"{user}:{user}", spec.limits.disk)


def files(place: Place) -> list[dict[str, Any]]:
    """The mounts of a project's files."""
    return [_bind(place.tree, WORKSPACE, read_only=False), _bind(place.home, HOME, read_only=False)]


def _host_config(plan: Plan) -> dict[str, Any]:
    limits = plan.spec.limits
    return {
        "Mounts": _mounts(plan.place, gateway=not plan.door),
        "ReadonlyRootfs": True,
        "Tmpfs": _temporary(plan),
        "ShmSize": min(SHARED_MEMORY_SIZE, limits.memory // 4),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "NetworkMode": plan.network,
        # The engine turns IPv6 off altogether where a network has none; programs that listen on ::1 need it.
        "Sysctls": {"net.ipv6.conf.lo.disable_ipv6": "0"},
        "IpcMode": "private",
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": LOG,
        "Runtime": plan.runtime,
        **_limits(limits),
    }


def _temporary(plan: Plan) -> dict[str, str]:
    size = min(TEMPORARY_SIZE, plan.spec.limits.memory // 2)
    made = {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={size}"}
    if plan.door:
        # No folder of the server's is there: the bridge makes the sockets.
        made[GATEWAY] = f"rw,nosuid,nodev,noexec,mode=0755,uid={plan.user},gid={plan.user},size=64k"
    return made


def _limits(limits: Limits) -> dict[str, Any]:
    """Memory and swap together are no more than memory, so there is no swap."""
    return {
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "NanoCpus": int(limits.cpu * 1e9),
        "PidsLimit": limits.pids,
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": limits.disk, "Hard": limits.disk},
        ],
    }


def _mounts(place: Place, *, gateway: bool) -> list[dict[str, Any]]:
    read_only = [(place.gateway, GATEWAY)] if gateway else []
    read_only += [(place.own_files / name, f"/etc/{name}") for name in own_files(0)]
    read_only.append((place.own_files / HANDED, f"/run/firefly/{HANDED}"))
    if place.prepared.is_dir():
        read_only.append((place.prepared, f"{OPT}/prepared"))
    read_only += [(path, str(path)) for path in trusted()]
    return files(place) + [_bind(source, target, read_only=True) for source, target in read_only]


def _bind(source: Path, target: str, *, read_only: bool) -> dict[str, Any]:
    options = {"Propagation": "rprivate"}
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only, "BindOptions": options}


def trusted() -> list[Path]:
    """The certificate authorities that this machine was told to trust; the sandbox sees them at the same places."""
    named = {Path(os.environ.get(name, "")) for name in TRUST_VARIABLES}
    found = {path for path in named if path.is_absolute() and path.exists()}
    return sorted(path for path in found if found.isdisjoint(path.parents))


def needs_door(settings: Settings) -> bool:
    """Whether the bridge is reached over the container's network.

    Only root may join that, and a runtime with a kernel of its own shares neither sockets nor namespaces with ours.
    """
    return os.getuid() != 0 or bool(settings.docker_runtime)


def _way_in(plan: Plan) -> dict[str, str]:
    if plan.door:
        return {"FIREFLY_BRIDGE_PORT": str(DOOR)}
    return {"FIREFLY_BRIDGE_FROM": f"{GATEWAY}/{GIVER}"}


def environment(plan: Plan) -> dict[str, str]:
    """What is added to the image's own."""
    return {
        **{name: os.environ[name] for name in TRUST_VARIABLES if os.environ.get(name, "").startswith("/")},
        "HOME": HOME,
        "USER": USER,
        "LOGNAME": USER,
        "SHELL": "/bin/bash",
        "TMPDIR": "/tmp",
        "FIREFLY_HANDED": f"/run/firefly/{HANDED}",
        "FIREFLY_WORKSPACE": WORKSPACE,
        "FIREFLY_WORKSPACE_ID": str(plan.spec.workspace_id),
        "FIREFLY_GATEWAY": GATEWAY,
        **_way_in(plan),
        **({"FIREFLY_PREPARED": f"{OPT}/prepared"} if plan.place.prepared.is_dir() else {}),
    }
