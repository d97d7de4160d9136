"""A node that was only cut off: what still runs there cannot save over what its successor has saved."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest

from firefly.client.bridge import BridgeClient
from firefly.protocol.workspace import ShadowStatus
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.labels import INSTANCE
from firefly.sandbox.relay import GATEWAY, Relay
from firefly.sandbox.remote import Remote
from firefly.sandbox.swarm.cluster import Cluster
from firefly.sandbox.swarm.keys import Keys
from firefly.sandbox.swarm.placing import Node as Place
from firefly.sandbox.swarm.placing import Task
from firefly.secrets import Keyring
from firefly.settings import Settings
from tests.support.server import LiveServer, create_project
from tests.support.swarm import Node, Swarm, needs_swarm
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(400), *needs_swarm, pytest.mark.swarm]

KEY = "a root key that this test knows and nobody else"
KEYS = Keys(Keyring((KEY,)))


@contextmanager
def unheard(node: Node) -> Iterator[None]:
    """Its engine does not answer the managers, nor do what they say; containers go on, and the network works."""
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.process.send_signal(signal.SIGCONT)


async def running(swarm: Swarm) -> tuple[str, Task, Place]:
    """The one sandbox of the Swarm: its id, and where it is."""
    engine = Engine(swarm.manager.url)
    try:
        cluster = Cluster(engine, KEYS.installations)
        (service,) = await cluster.services()
        task = (await cluster.tasks())[service["Name"]]
        return service["Labels"][INSTANCE], task, (await cluster.nodes())[task.node]
    finally:
        await engine.close()


@asynccontextmanager
async def way(task: Task, place: Place, instance_id: str, folder: Path, gateway: Path) -> AsyncIterator[BridgeClient]:
    """To a sandbox that the server has given up, and from there to the gateway that its successor has."""
    assert task.port is not None
    (folder / GATEWAY).mkdir(parents=True)
    (folder / GATEWAY / "git.sock").symlink_to(gateway / "git.sock")
    relay = Relay(Remote(place.address, task.port, KEYS.token(instance_id, KEYS.installation)), folder)
    await relay.open()
    try:
        async with BridgeClient.on_socket(relay.bridge_path) as bridge:
            yield bridge
    finally:
        await relay.close()


def saved(repository: Path) -> str:
    """What the newest checkpoint in a hosted repository has; empty where there is none."""
    listed = git(repository, "for-each-ref", "--format=%(objectname)", "refs/firefly").split()
    return "".join(git(repository, "show", f"{commit}:edited") for commit in listed)


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", os.fspath(repository), *arguments], capture_output=True, text=True).stdout


async def refused(bridge: BridgeClient) -> ShadowStatus | None:
    status = await bridge.flush()
    return status if "out of date" in status.error else None


async def test_what_it_still_edits_is_refused_once_its_successor_runs(
    swarm: Swarm, worker: Node, tmp_path: Path
) -> None:
    settings = {**swarm.settings, "FIREFLY_SECRET_KEY": KEY}
    data = tmp_path / "data"
    with LiveServer(tmp_path, settings=settings) as server:
        async with server.client() as client:
            with swarm.drained():
                project = await create_project(client, "garden", "static")
            file = f"/api/v1/projects/{project['owner']}/garden/files/edited"
            (await client.put(file, data="first")).raise_for_status()
            (hosted,) = data.glob(f"repositories/**/{project['id'].replace('-', '')}.git")
            assert await eventually(lambda: saved(hosted) == "first")
            old, task, place = await running(swarm)
            assert place.name == worker.name
            (edited,) = worker.folder.glob("data/volumes/*/_data/edited")

            with unheard(worker):
                assert await eventually(lambda: swarm.manager.docker("ps", "-q"), within=90)
                assert await eventually(lambda: holds(client, file, "first"), within=60)
                (await client.put(file, data="second")).raise_for_status()
                assert await eventually(lambda: saved(hosted) == "second")
                new, _, _ = await running(swarm)
                gateway = Settings(data_dir=data).run_dir / "services" / new / GATEWAY
                edited.write_text("of the one that was cut off")
                async with way(task, place, old, tmp_path / "way", gateway) as bridge:
                    status = await eventually(lambda: refused(bridge), within=60)
                assert status is not None
                assert not status.flushed
                assert saved(hosted) == "second"
                assert await holds(client, file, "second")
        # Where its engine answers again, it is ended.
        assert await eventually(lambda: not worker.docker("ps", "-q"), within=60)


async def holds(client: aiohttp.ClientSession, path: str, text: str) -> bool:
    async with client.get(path) as response:
        return response.status == 200 and await response.text() == text
