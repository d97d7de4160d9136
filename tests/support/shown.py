"""What an engine shows of Firefly's, to anybody who asks it."""

from typing import Any

from firefly.sandbox.docker.engine import Engine as Client
from firefly.sandbox.docker.labels import INSTANCE


class Shown:
    def __init__(self, client: Client) -> None:
        self.client = client

    async def containers(self) -> list[dict[str, Any]]:
        return [dict(one) for one in await self.client.containers([INSTANCE])]

    async def container(self, instance_id: str) -> dict[str, Any]:
        (found,) = await self.client.containers([f"{INSTANCE}={instance_id}"])
        inspected: dict[str, Any] = await self.client.call("GET", f"containers/{found['Id']}/json")
        return inspected

    async def networks(self) -> list[dict[str, Any]]:
        return [one for one in await self.client.call("GET", "networks") if INSTANCE in one["Labels"]]

    async def nothing(self) -> bool:
        return not (await self.containers() or await self.networks())
