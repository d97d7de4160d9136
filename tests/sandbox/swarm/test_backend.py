"""Sandboxes in a real Swarm: made, reached, adopted, lost with their node, and cleared away."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import Instance, SandboxSpec
from firefly.sandbox.swarm import starting
from firefly.sandbox.swarm.backend import SwarmBackend
from firefly.secrets import Keyring
from firefly.settings import Settings
from tests.support.names import local_names
from tests.support.swarm import Node, Swarm, needs_swarm
from tests.support.waiting import eventually

pytestmark = needs_swarm

WORKER, MANAGER = "node.role==worker", "node.role==manager"
SERVER = """
import socket
with socket.create_server(("127.0.0.1", 4000)) as server:
    server.accept()[0].sendall(b"from inside")
"""

Make = Callable[..., SwarmBackend]


@pytest.fixture
async def make(swarm: Swarm, settings: Settings, keyring: Keyring) -> AsyncIterator[Make]:
    """Backends of one installation, as later servers would have them. At the end nothing of theirs is left."""
    made: list[SwarmBackend] = []

    def build(*, constraints: Sequence[str] = (), command: Sequence[str] = (), **more: object) -> SwarmBackend:
        values: dict[str, object] = {
            "docker_host": swarm.manager.url,
            "registry": swarm.registry,
            "swarm_constraints": constraints,
            **more,
        }
        made.append(SwarmBackend(settings.model_copy(update=values), keyring, command=command))
        return made[-1]

    yield build
    async with opened(build()) as last:
        for instance in await last.adopt():
            await last.stop(instance.id, reason="The test is over.")

        async def cleared() -> bool:
            await last._cluster.sweep()
            return not left(swarm)

        assert await eventually(cleared)


@asynccontextmanager
async def opened(backend: SwarmBackend) -> AsyncIterator[SwarmBackend]:
    await backend.open()
    try:
        yield backend
    finally:
        await backend.close()


def spec(**environment: str) -> SandboxSpec:
    return SandboxSpec(uuid4(), 1000, environment=environment)


def left(swarm: Swarm) -> str:
    """The names of what belongs to Firefly in the Swarm."""
    kinds = ("service", "secret", "network")
    return "".join(swarm.manager.docker(kind, "ls", "-q", "--filter", "label=firefly.installation") for kind in kinds)


async def run(backend: SwarmBackend, instance: Instance, command: str) -> str:
    return (await backend.exec(instance.id, command)).stdout


async def test_a_sandbox_is_a_service_that_is_reached_over_the_network(make: Make, swarm: Swarm) -> None:
    async with opened(make()) as backend:
        assert backend.capabilities().lacks == ()
        assert not backend.capabilities().freezes
        instance = await backend.create(spec(GREETING="hello"))
        assert await backend.list() == [instance]
        assert await run(backend, instance, "echo $GREETING; pwd; id -u") == "hello\n/workspace\n10001\n"
        serving = asyncio.create_task(run(backend, instance, f"python3 -c '{SERVER}'"))
        assert await eventually(lambda: greeted(backend, instance)) == b"from inside"
        await serving
        used = await backend.stats(instance.id)
        assert (used.memory > 5 << 20, used.cpu_seconds > 0, used.pids >= 2) == (True, True, True)
        assert "bridge.ready" in await backend.logs(instance.id)
        # It cannot be paused from afar, which changes nothing.
        await backend.freeze(instance.id)
        assert not backend.frozen(instance.id)
        await shut_in(backend, instance)
        await reaches_nothing_private(backend, instance, swarm)
        # What the bridge was handed is for nobody who may ask the engine.
        assert "hello" not in swarm.manager.docker("service", "inspect", f"firefly-{instance.id}")
        await backend.stop(instance.id, reason="Enough.")
        status = await backend.wait(instance.id)
        assert (status.reason, status.requested, status.lost) == ("Enough.", True, False)
        with pytest.raises(Unavailable):
            await backend.connect(instance.id, 4000)
        assert swarm.manager.docker("service", "ls", "-q") == ""


async def greeted(backend: SwarmBackend, instance: Instance) -> bytes:
    try:
        connection = await backend.connect(instance.id, 4000)
    except Unavailable:
        return b""
    with connection:
        return await asyncio.get_running_loop().sock_recv(connection, 100)


async def shut_in(backend: SwarmBackend, instance: Instance) -> None:
    """No capability, no new privileges, nothing to write to but its own, and no token."""
    status = await run(backend, instance, "cat /proc/self/status")
    found = dict(line.split(":", 1) for line in status.splitlines())
    assert (int(found["CapEff"], 16), int(found["CapBnd"], 16), found["NoNewPrivs"].strip()) == (0, 0, "1")
    assert found["Seccomp"].strip() == "2"
    done = await backend.exec(instance.id, "touch /new /usr/new; touch /workspace/new /home/firefly/new /tmp/new")
    assert done.stderr.count("Read-only") == 2
    handed = json.loads(await run(backend, instance, "cat /run/secrets/firefly"))
    token = backend._keys.token(instance.id, backend._keys.installation)
    assert handed["digest"] != token


async def reaches_nothing_private(backend: SwarmBackend, instance: Instance, swarm: Swarm) -> None:
    """Not even the name servers, which the engine asks for it."""
    for address in (swarm.registry, f"{swarm.manager.address}:2377", "169.254.169.254:80", "10.0.0.1:80"):
        assert await dialled(backend, instance, address) == errno.EHOSTUNREACH
    server = swarm.manager.switch.address
    async with local_names((server, 53)) as names:
        names.addresses["some.example"] = "192.0.2.7"
        assert await dialled(backend, instance, f"{server}:53") == errno.EHOSTUNREACH
        found = await run(
            backend, instance, "python3 -c 'import socket; print(socket.gethostbyname(\"some.example\"))'"
        )
    assert found == "192.0.2.7\n"


async def dialled(backend: SwarmBackend, instance: Instance, address: str) -> int:
    """The number of the error of connecting from inside; 0 for none."""
    host, _, port = address.partition(":")
    source = f"import socket; s = socket.socket(); s.settimeout(5); print(s.connect_ex(({host!r}, {port})))"
    return int(await run(backend, instance, f'python3 -c "{source}"'))


@pytest.mark.swarm
async def test_what_keeps_it_from_starting_is_told(make: Make, swarm: Swarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PLACE_LIMIT", 2.0)
    async with opened(make(constraints=("node.labels.none==yes",))) as backend:
        with pytest.raises(SandboxFailed, match="No node of the Swarm takes it: no suitable node"):
            await backend.create(spec())
    async with opened(make(docker_image="not-there")) as backend:
        assert [lack.what for lack in backend.capabilities().lacks] == [
            f"the image {swarm.registry}/not-there in its registry"
        ]
        with pytest.raises(SandboxFailed, match="No such image"):
            await backend.create(spec())
    async with opened(make(command=("/bin/sh", "-c", "echo broken by design; exit 3"))) as backend:
        with pytest.raises(SandboxFailed) as failure:
            await backend.create(spec())
    assert "exit (3)" in failure.value.detail
    assert "broken by design" in failure.value.output


async def test_another_server_adopts_it_and_hears_of_its_end(make: Make, swarm: Swarm) -> None:
    """What the settings allow it to reach it reaches."""
    allowed = f"{swarm.manager.switch.address}/32"
    async with opened(make(egress_allow=(allowed,))) as earlier:
        instance = await earlier.create(spec())
        assert await dialled(earlier, instance, swarm.registry) == 0
        await run(earlier, instance, "echo here > file")
    async with opened(make()) as later:
        assert await later.adopt() == [instance]
        assert await run(later, instance, "cat file") == "here\n"
        with pytest.raises(Unavailable):
            await later.exec(instance.id, "kill -9 $PPID")
        async with asyncio.timeout(30):
            status = await later.wait(instance.id)
        assert (status.requested, status.lost, status.reason) == (False, False, EXPECTED)
        assert "bridge.ready" in status.output


EXPECTED = "The bridge was killed, most likely for using too much memory."


@pytest.mark.swarm
async def test_what_runs_on_a_node_that_is_cut_off_is_lost_and_starts_elsewhere(make: Make, worker: Node) -> None:
    wanted = spec()
    async with opened(make(constraints=(WORKER,))) as backend, opened(make()) as anywhere:
        instance = await backend.create(wanted)
        assert await backend._cluster.nodes()
        worker.cut()
        try:
            async with asyncio.timeout(60):
                status = await backend.wait(instance.id)
            assert (status.lost, status.reason) == (True, "Its node, node3, does not answer any more.")
            again = await anywhere.create(wanted)
            assert again.workspace_id == instance.workspace_id
            assert await run(anywhere, again, "hostname; ls") == "sandbox\n"
        finally:
            worker.mend()
        # The node that comes back ends what nobody wants any more.
        assert await eventually(lambda: not worker.docker("ps", "-q"), within=60)
