"""An image of a project's own beside the bridge, of every backend that runs them: one suite, unchanged."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from firefly.errors import NotFound, SandboxFailed
from firefly.protocol.companion import SOCKET
from firefly.sandbox.backend import Limits
from firefly.sandbox.docker.companion_plan import Plan
from firefly.sandbox.docker.companions import COMPANION, MOST_ASKING, Companion
from firefly.sandbox.docker.engine import Engine as Client
from firefly.sandbox.docker.images import Images
from firefly.sandbox.docker.labels import INSTANCE
from tests.sandbox import backends
from tests.sandbox.backends import Backend, Ground
from tests.sandbox.conftest import Inside
from tests.sandbox.test_conformance import greeting
from tests.support.waiting import eventually

# Greets with what it is told, counts its starts in its own files, and ends by itself when it is told to.
SERVE = """
import os, pathlib, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("serving", os.environ["GREETING"], os.environ.get("FIREFLY_GATEWAY"), flush=True)
print("complaining", file=sys.stderr, flush=True)
with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as server:
    while True:
        connection, _ = server.accept()
        connection.sendall(f"{os.environ['GREETING']} {time.time()}".encode())
        connection.close()
"""
DOCKERFILE = 'FROM {base}\nCOPY serve.py /srv/serve.py\nUSER 12345\nCMD ["python3", "/srv/serve.py"]\n'
START = "echo $$ > /tmp/pid; PORT=8080 GREETING={} exec firefly-image > /tmp/out 2> /tmp/err"


async def make_image(client: Client, folder: Path, base: str) -> str:
    """The id of an image, which has no name."""
    context = folder / "context.tar"
    with tarfile.open(context, "w") as archive:
        for name, text in (("Dockerfile", DOCKERFILE.replace("{base}", base)), ("serve.py", SERVE)):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    await Images(client).build(context, "companion:test", lambda line: None, labels={})
    found = await Images(client).find("companion:test")
    assert found is not None
    return str(found["Id"])


@pytest.fixture(params=backends.params(images=True))
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    backend: Backend = request.param
    async with backend.opening(request) as opened:
        yield opened


@pytest.fixture
async def client(ground: Ground) -> AsyncIterator[Client]:
    opened = Client(ground.engine)
    yield opened
    await opened.close()


@pytest.fixture
async def image(ground: Ground, client: Client, tmp_path: Path) -> str:
    return await make_image(client, tmp_path, ground.base)


async def companions(client: Client, sandbox: Inside) -> list[Mapping[str, Any]]:
    return list(await client.containers([COMPANION, f"{INSTANCE}={sandbox.instance.id}"]))


async def serving(ground: Ground, sandbox: Inside, port: int) -> str:
    """What it greets with, without the time; empty while nothing listens there."""
    try:
        return (await greeting(ground.backend, sandbox, port)).decode().partition(" ")[0]
    except Exception:
        return ""


async def test_an_image_runs_in_the_network_of_its_sandbox_and_ends_with_its_program(
    ground: Ground, client: Client, image: str
) -> None:
    """Told what the program knows, printing what the program prints; frozen, woken, adopted and ended with the run."""
    backend = ground.backend
    sandbox = await ground.start(image=image, limits=Limits(memory=128 << 20, cpu=1.0, pids=64))
    assert await companions(client, sandbox) == []
    await ground.detach(sandbox, START.format("hello"))
    await eventually(lambda: serving(ground, sandbox, 8080))
    assert await serving(ground, sandbox, 8080) == "hello"
    (one,) = await companions(client, sandbox)
    host = (await client.call("GET", f"containers/{one['Id']}/json"))["HostConfig"]
    assert (host["Memory"], host["PidsLimit"], host["CapDrop"], host["Privileged"]) == (128 << 20, 64, ["ALL"], False)
    assert "NET_ADMIN" not in host["CapAdd"]
    assert (await sandbox.run("cat /tmp/out")).stdout == "serving hello None\n"
    assert (await sandbox.run("cat /tmp/err")).stdout == "complaining\n"

    if backend.capabilities().freezes:
        await backend.freeze(sandbox.instance.id)
        assert (await companions(client, sandbox))[0]["State"] == "paused"
        await backend.thaw(sandbox.instance.id)
        assert await serving(ground, sandbox, 8080) == "hello"
    await ground.succeed()
    backend = ground.backend
    assert (await companions(client, sandbox))[0]["Id"] == one["Id"]
    assert await serving(ground, sandbox, 8080) == "hello"
    if backend.capabilities().freezes:
        await backend.freeze(sandbox.instance.id)
        assert (await companions(client, sandbox))[0]["State"] == "paused"
        await backend.thaw(sandbox.instance.id)
    assert (await backend.stats(sandbox.instance.id)).pids > 3

    # Whether or not it has come back to this server by now.
    await sandbox.run("kill $(cat /tmp/pid)")

    async def ended() -> bool:
        return await companions(client, sandbox) == []

    await eventually(ended)
    await ground.detach(sandbox, START.format("again"))
    await eventually(lambda: serving(ground, sandbox, 8080))
    assert await serving(ground, sandbox, 8080) == "again"
    await backend.stop(sandbox.instance.id, reason="enough")
    await eventually(ended)


async def test_an_end_by_itself_is_told_with_its_status(ground: Ground, client: Client, image: str) -> None:
    """Of a command in the project's files too, which belong to whom the sandbox is; and of one that was starved."""
    sandbox = await ground.start(image=image, limits=Limits(memory=128 << 20))
    ending = await sandbox.run("echo kept > note; firefly-image -c 'cat note; id -u; echo new > other; exit 7'")
    assert (ending.code, ending.stdout.split()) == (7, ["kept", (await sandbox.run("id -u")).stdout.strip()])
    assert (await sandbox.run("cat other")).stdout == "new\n"
    at_once = await sandbox.run("PORT=x GREETING=hello firefly-image")
    assert at_once.code == 1
    assert "ValueError" in at_once.stderr
    greedy = await sandbox.run("exec firefly-image -c 'python3 -c \"held = bytearray(1 << 30)\"'")
    assert greedy.code == 137
    missing = await sandbox.run("firefly-image -c 'no-such-program'")
    assert missing.code == 127
    assert await companions(client, sandbox) == []


async def test_an_image_that_is_nowhere_is_refused_with_a_sentence(ground: Ground, client: Client, image: str) -> None:
    """Nor is one had by the beginning of its id, which may be another project's."""
    images = Images(client)
    assert await images.named("companion:test") == image
    with pytest.raises(NotFound, match="no name"):
        await images.named(image)
    assert await images.find(image[7:19]) is not None
    assert await images._known(image[7:19]) is None
    with pytest.raises(SandboxFailed, match="cannot be had: it is not in the engine"):
        await ground.start(image=f"sha256:{'0' * 64}")


async def test_an_image_joins_what_runs_already_where_it_can(ground: Ground, client: Client, image: str) -> None:
    backend, sandbox = ground.backend, await ground.start()
    if not backend.capabilities().images_join:
        with pytest.raises(SandboxFailed):
            await backend.accompany(sandbox.instance.id, image)
        return
    await backend.accompany(sandbox.instance.id, image)
    await backend.accompany(sandbox.instance.id, image)
    await ground.succeed()
    sandbox.backend = ground.backend
    assert (await sandbox.run("firefly-image -c 'exit 3'")).code == 3
    sandbox = await ground.start()
    with pytest.raises(SandboxFailed, match="cannot be had"):
        await ground.backend.accompany(sandbox.instance.id, f"sha256:{'0' * 64}")


async def test_a_sandbox_that_asks_a_hundred_times_at_once_holds_few_connections(tmp_path: Path) -> None:
    companion = Companion(cast(Client, None), Plan({"Image": "x"}, [], "0:0", 0), tmp_path)
    await companion.open()
    asking = [await asyncio.open_unix_connection(tmp_path / SOCKET) for _ in range(100)]
    ended = [asyncio.create_task(reader.read()) for reader, _ in asking]
    await eventually(lambda: sum(task.done() for task in ended) == 100 - MOST_ASKING)
    await companion.close()
    for _, writer in asking:
        writer.close()
    assert await asyncio.gather(*ended) == [b""] * 100
