"""What a Docker engine offers sandboxes, found by asking and trying; `firefly doctor` prints what it lacks."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from firefly import __version__
from firefly.errors import FireflyError
from firefly.sandbox.backend import Capabilities, Lack, LimitKind
from firefly.settings import Settings

from . import containers, firewall
from .contents import LABEL
from .engine import Engine
from .images import Images

log = structlog.get_logger()

NOTHING_RUNS = "No sandbox starts."
UNISOLATED = "Code is not kept apart from the engine's machine: only administrators' projects run."
# Workspaces are folders of the server's machine, which another machine's engine cannot mount.
ELSEWHERE = Lack("an engine on this machine", NOTHING_RUNS, "set FIREFLY_DOCKER_HOST to its socket, or use `swarm`")
_REACH = "start dockerd, let the server's user reach its socket (group `docker`), or set FIREFLY_DOCKER_HOST"
# A name whose first part is a host: a registry has it.
_ON_A_REGISTRY = re.compile(r"[^/]*[.:][^/]*/.+")


async def look(
    engine: Engine, images: Images, installation: str, *, image: str, runtime: str, allowed: Sequence[str] = ()
) -> Capabilities:
    """Ask the engine, have the image, and set the rules of the network. Takes a second or so."""
    if not engine.local:
        return Capabilities(isolated=False, lacks=(ELSEWHERE,), limits="cgroup2", freezes=True)
    try:
        info = await engine.call("GET", "info")
    except FireflyError as error:
        lack = Lack(f"the Docker engine ({error.detail})", NOTHING_RUNS, _REACH)
        return Capabilities(isolated=False, lacks=(lack,), limits="cgroup2", freezes=True)
    lacks = [*_of_engine(info, runtime), *await _of_image(images, image)]
    open_to = (
        []
        if any(lack.consequence == NOTHING_RUNS for lack in lacks)
        else await _of_network(engine, installation, image, allowed)
    )
    lacks += open_to
    isolated = not any(lack.consequence in (UNISOLATED, NOTHING_RUNS) for lack in lacks)
    limits: LimitKind = "cgroup2" if info.get("CgroupVersion") == "2" else "cgroup1"
    return Capabilities(isolated, tuple(lacks), limits, freezes=True, images=True, images_join=True)


async def survey(settings: Settings) -> Capabilities:
    """`look`, for a command that needs nothing else of the engine."""
    engine = Engine(settings.docker_host)
    try:
        installation = containers.installation(settings)
        image, runtime = settings.docker_image, settings.docker_runtime
        allowed = settings.egress_allow
        return await look(engine, Images(engine), installation, image=image, runtime=runtime, allowed=allowed)
    finally:
        await engine.close()


def _of_engine(info: Mapping[str, Any], runtime: str) -> list[Lack]:
    lacks: list[Lack] = []
    options = " ".join(info.get("SecurityOptions") or ())
    if "name=seccomp" not in options or "profile=unconfined" in options:
        lacks.append(Lack("the engine's filter of system calls", UNISOLATED, "use a kernel and an engine with seccomp"))
    if "name=rootless" in options:
        lacks.append(Lack("an engine that runs as root", NOTHING_RUNS, "use the machine's engine, not a rootless one"))
    if runtime and runtime not in (info.get("Runtimes") or {}):
        lacks.append(Lack(f"the runtime {runtime}", NOTHING_RUNS, "enter it in the engine's daemon.json"))
    for name, what in (("MemoryLimit", "memory"), ("PidsLimit", "processes"), ("CpuCfsQuota", "processor time")):
        if not info.get(name):
            lacks.append(Lack(f"a limit of {what}", f"The {what} of a sandbox is not limited.", "enable its cgroup"))
    if not info.get("SwapLimit"):
        lacks.append(Lack("a limit of swap", "A sandbox may use swap beside its memory.", "boot with swapaccount=1"))
    return lacks


async def _of_image(images: Images, name: str) -> list[Lack]:
    """Pulls it where a registry has it."""
    remedy = "run `firefly admin image build`"
    try:
        found = await images.find(name)
        if found is None and _ON_A_REGISTRY.fullmatch(name):
            await images.pull(name, lambda line: log.info("docker.pulling", image=name, step=line))
            found = await images.find(name)
    except FireflyError as error:
        return [Lack(f"the image {name} ({error.detail})", NOTHING_RUNS, remedy)]
    if found is None:
        return [Lack(f"the image {name}", NOTHING_RUNS, remedy)]
    version = (found["Config"]["Labels"] or {}).get(LABEL)
    if version != __version__:
        return [Lack(f"the image of {__version__}", f"Sandboxes have the bridge of {version or 'unknown'}.", remedy)]
    return []


async def _of_network(engine: Engine, installation: str, image: str, allowed: Sequence[str]) -> list[Lack]:
    try:
        await firewall.protect(engine, installation, image, allowed)
    except FireflyError as error:
        return [Lack(f"rules for sandboxes' networks ({error.detail})", UNISOLATED, "see that iptables works there")]
    return []
