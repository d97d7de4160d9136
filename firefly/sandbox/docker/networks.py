"""The network of each sandbox: a bridge of its own with room for nobody else, kept from all that is private."""

from collections.abc import Iterable

import structlog

from firefly.errors import Conflict, LimitReached, NotFound, Unavailable

from . import firewall
from .engine import Engine
from .labels import INSTALLATION, INSTANCE
from .subnets import Subnets

log = structlog.get_logger()

OVERLAP = "overlaps"
ATTEMPTS = 32


class Networks:
    def __init__(self, engine: Engine, installation: str, subnets: Subnets) -> None:
        self._engine = engine
        self._installation = installation
        self._subnets = subnets

    async def make(self, instance_id: str) -> str:
        """A network for a run; returns its id. Raises LimitReached where the range is used up."""
        for _ in range(ATTEMPTS):
            subnet = await self._subnets.take(instance_id)
            try:
                async with self._engine.calling() as docker:
                    made = await docker.networks.create(
                        {
                            "Name": f"firefly-{self._installation}-{instance_id}",
                            "CheckDuplicate": True,
                            "Driver": "bridge",
                            "EnableIPv6": False,
                            "IPAM": {"Driver": "default", "Config": [{"Subnet": str(subnet)}]},
                            "Options": self._options(instance_id),
                            "Labels": {INSTALLATION: self._installation, INSTANCE: instance_id},
                        }
                    )
                return str(made.id)
            except Unavailable as error:
                if OVERLAP not in error.detail:
                    raise
                # Somebody else's network, a VPN's or another program's: the next one then.
                await self._subnets.block(instance_id)
        raise LimitReached("The networks of FIREFLY_DOCKER_SUBNETS are used by others. Name another range.")

    def _options(self, instance_id: str) -> dict[str, str]:
        return {
            "com.docker.network.bridge.name": f"{firewall.devices(self._installation)}{instance_id[:9]}",
            "com.docker.network.bridge.enable_icc": "false",
        }

    async def remove(self, instance_id: str) -> None:
        """Remove a run's network, if it has one, and give its addresses back."""
        for network in await self._of(instance_id):
            try:
                async with self._engine.calling() as docker:
                    await (await docker.networks.get(network)).delete()
            except NotFound:
                continue
        await self._subnets.release(instance_id)

    async def _of(self, instance_id: str) -> list[str]:
        async with self._engine.calling() as docker:
            found = await docker.networks.list(filters={"label": [f"{INSTANCE}={instance_id}"]})
        return [str(one["Id"]) for one in found]

    async def sweep(self, living: Iterable[str]) -> None:
        """Remove the networks, and give back the addresses, of runs that are none of `living`."""
        async with self._engine.calling() as docker:
            found = await docker.networks.list(filters={"label": [f"{INSTALLATION}={self._installation}"]})
        known = {str(one["Labels"][INSTANCE]) for one in found} | await self._subnets.taken()
        for instance_id in known - set(living):
            try:
                await self.remove(instance_id)
            except (Unavailable, Conflict) as error:
                log.warning("docker.network_kept", instance=instance_id, reason=error.detail)
