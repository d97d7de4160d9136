"""Calls to the Swarm's manager: what runs, what is made and removed. Everything of Firefly's is found by its labels."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from firefly.errors import FireflyError, NotFound, TimedOut, Unavailable
from firefly.sandbox.docker.companions import COMPANION
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.labels import INSTALLATION, INSTANCE

from .placing import Node, Task

LOG_LIMIT = 10.0
LONGEST_LOG = 64 << 10


class Cluster:
    """`installations` are the values of the label by which what is ours is known."""

    def __init__(self, engine: Engine, installations: Sequence[str]) -> None:
        self.engine = engine
        self._installations = installations
        self._unremoved = set[str]()
        """Services that were to be removed while the manager did not answer."""

    async def services(self) -> list[Mapping[str, Any]]:
        """The specification of each of ours."""
        return [found["Spec"] for found in await self._ours("services")]

    async def tasks(self) -> dict[str, Task]:
        """Those of our services, by the service's name. Of several it is the one that ended, with which all is over."""
        services = {str(found["ID"]): str(found["Spec"]["Name"]) for found in await self._ours("services")}
        if not services:
            return {}
        filters = json.dumps({"service": list(services.values())})
        found = [Task.of(task) for task in await self.engine.call("GET", "tasks", filters=filters)]
        found.sort(key=lambda task: task.ended)
        return {services[task.service]: task for task in found if task.service in services}

    async def tasks_of(self, name: str) -> list[Task]:
        """Also while the service is being removed."""
        return [Task.of(task) for task in await self.engine.call("GET", "tasks", filters=json.dumps({"name": [name]}))]

    async def nodes(self) -> dict[str, Node]:
        return {node.id: node for node in map(Node.of, await self.engine.call("GET", "nodes"))}

    async def keep_secret(self, name: str, labels: Mapping[str, str], text: str) -> str:
        """Returns its id."""
        body = {"Name": name, "Labels": labels, "Data": base64.b64encode(text.encode()).decode()}
        return str((await self.engine.call("POST", "secrets/create", body=body))["ID"])

    async def make_network(self, body: Mapping[str, Any]) -> None:
        await self.engine.call("POST", "networks/create", body=body)

    async def start(self, body: Mapping[str, Any]) -> None:
        await self.engine.call("POST", "services/create", body=body)

    async def remove_service(self, name: str) -> None:
        """One that is not there is no error; one whose removal fails is removed by a later `sweep`."""
        self._unremoved.add(name)
        await self._remove(f"services/{name}")
        self._unremoved.discard(name)

    async def sweep(self) -> None:
        """Remove what could not be before, and secrets, networks and images run beside whose service is gone.

        What is still in use is left for the next time.
        """
        for name in list(self._unremoved):
            await self.remove_service(name)
        kept = {spec["Labels"].get(INSTANCE) for spec in await self.services()}
        for kind in ("secrets", "networks"):
            for found in await self._ours(kind):
                labels = found["Spec"]["Labels"] if kind == "secrets" else found["Labels"]
                if labels.get(INSTANCE) not in kept:
                    await self._try_remove(f"{kind}/{found.get('ID') or found['Id']}")
        for installation in self._installations:
            for found in await self.engine.containers([COMPANION, f"{INSTALLATION}={installation}"]):
                if found["Labels"].get(INSTANCE) not in kept:
                    await self._try_remove(f"containers/{found['Id']}", force="1", v="1")

    async def discard(self, name: str) -> None:
        """The secret and the network of a service that is gone, if nothing uses them any more."""
        for kind in ("secrets", "networks"):
            await self._try_remove(f"{kind}/{name}")

    async def log(self, name: str) -> str:
        """What the container printed last; empty where its node does not tell."""
        query = {"stdout": "1", "stderr": "1", "tail": "500"}
        try:
            async with (
                self.engine.calling(LOG_LIMIT) as docker,
                docker._query(f"services/{name}/logs", params=query) as found,
            ):
                data = await found.read()
        except FireflyError:
            return ""
        return _plain(data)[-LONGEST_LOG:]

    async def _ours(self, kind: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for installation in self._installations:
            filters = json.dumps({"label": [f"{INSTALLATION}={installation}"]})
            found += await self.engine.call("GET", kind, filters=filters)
        return found

    async def _remove(self, path: str, **query: str) -> None:
        try:
            async with self.engine.calling() as docker, docker._query(path, "DELETE", params=query):
                return
        except NotFound:
            return

    async def _try_remove(self, path: str, **query: str) -> None:
        try:
            await self._remove(path, **query)
        except TimedOut:
            raise
        except Unavailable:
            # In use by what is just ending.
            await asyncio.sleep(0)


def _plain(data: bytes) -> str:
    """The text of a log, without the eight bytes before each piece that tell its stream and length."""
    pieces = []
    while len(data) >= 8:
        length = int.from_bytes(data[4:8], "big")
        pieces.append(data[8 : 8 + length])
        data = data[8 + length :]
    return b"".join(pieces).decode(errors="replace")
