"""What the Swarm offers, and what it lacks."""

from collections.abc import AsyncIterator
from typing import Any

from firefly.sandbox.backend import Capabilities, Lack, LimitKind
from firefly.sandbox.docker.engine import Engine
from firefly.settings import Settings

from .cluster import Cluster
from .images import Images


async def survey(settings: Settings) -> Capabilities:
    """`look`, for a command that needs nothing else of the Swarm."""
    engine = Engine(settings.docker_host)
    try:
        return await look(engine, Cluster(engine, ()), Images(engine, settings))
    finally:
        await engine.close()


async def look(engine: Engine, cluster: Cluster, images: Images) -> Capabilities:
    """Raises Unavailable where no engine answers."""
    info = await engine.call("GET", "info")
    limits: LimitKind = "cgroup2" if str(info.get("CgroupVersion")) == "2" else "cgroup1"
    lacks = [lack async for lack in _lacks(info, cluster, images)]
    return Capabilities(isolated=True, lacks=tuple(lacks), limits=limits, freezes=False, keeps_files=False, images=True)


async def _lacks(info: dict[str, Any], cluster: Cluster, images: Images) -> AsyncIterator[Lack]:
    if not info["Swarm"].get("ControlAvailable"):
        yield Lack(
            "a manager of a Swarm",
            "no sandbox can start",
            "run `docker swarm init` here, or set FIREFLY_DOCKER_HOST to a manager's engine",
        )
        return
    away = [node.name for node in (await cluster.nodes()).values() if not node.up]
    if away:
        yield Lack(
            f"nodes of the Swarm: {', '.join(away)}",
            "what ran there starts elsewhere, as far as there is room",
            "see `docker node ls`, and remove what does not come back",
        )
    if not await images.digest():
        yield Lack(
            f"the image {images.name} in its registry",
            "only nodes that have it start sandboxes",
            "run `firefly admin image build`, with FIREFLY_REGISTRY set to a registry that all nodes reach",
        )
