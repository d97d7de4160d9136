"""The backends that one suite runs on, by name: how each is opened, and what a suite needs beside its calls.

Another backend joins by an entry in BACKENDS. What a fixture of it needs (an engine, an image) it takes from
`request.getfixturevalue`, of fixtures that are no coroutines.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import Unavailable
from firefly.sandbox.backend import Capabilities, Instance, SandboxBackend, SandboxSpec
from firefly.sandbox.docker.backend import DockerBackend
from firefly.sandbox.docker.building import base_name
from firefly.sandbox.docker.debian import own_suite
from firefly.sandbox.process import ProcessBackend
from firefly.sandbox.swarm.backend import SwarmBackend
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.testing.sandbox import MemoryBackend
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.conftest import Inside, spec
from tests.support.engine import Engine, needs_engine
from tests.support.swarm import Swarm, needs_swarm
from tests.support.waiting import eventually

GREETER = """
import socket
with socket.create_server(({host!r}, {port}), family=socket.{family}) as server:
    while True:
        connection, _ = server.accept()
        connection.sendall({text!r}.encode())
        connection.close()
"""
# A queue that holds one connection, which is there, and that nobody takes.
SILENT = """
import socket, time
server = socket.create_server(("127.0.0.1", {port}), backlog=0)
waiting = [socket.create_connection(("127.0.0.1", {port})) for _ in range(1)]
time.sleep(600)
"""


class Ground:
    """An open backend; `make` gives another object for the same sandboxes, as the next server would have.

    `real`: commands run inside, and what they leave behind stays there. `data` and `sockets` are folders of the
    server's, for what it keeps and for its sockets, which no sandbox may see. `in_memory`: temporary folders are.
    """

    real = True
    in_memory = True
    engine, base = "", ""
    """The address of the one that has the images, where there is one, and an image in it with Python and a shell."""

    def __init__(
        self,
        make: Callable[[SandboxBackend | None], SandboxBackend],
        *,
        data: Path = Path("/nowhere"),
        sockets: Path = Path("/nowhere"),
    ) -> None:
        self._make = make
        self.data = data
        self.sockets = sockets
        self._count = 0
        self.backend = make(None)

    def spec(self, **options: object) -> SandboxSpec:
        """Of a workspace that is new."""
        self._count += 1
        return spec(self._count, **options)

    async def start(self, wanted: SandboxSpec | None = None, **options: object) -> Inside:
        wanted = wanted or self.spec(**options)
        return Inside(self.backend, wanted, await self.backend.create(wanted))

    async def succeed(self) -> Sequence[Instance]:
        """Let go of all, as a server does that ends, and begin as the next one; returns what that has adopted."""
        await self.backend.close()
        self.backend = self._make(self.backend)
        await self.backend.open()
        return await self.backend.adopt()

    async def serve(self, sandbox: Inside, text: str, *, port: int, host: str = "127.0.0.1") -> None:
        """Let something inside greet with `text` who connects to a port."""
        family = "AF_INET6" if ":" in host else "AF_INET"
        await self.leave(sandbox, GREETER.format(host=host, port=port, text=text, family=family))
        await self._listens(sandbox, port)

    async def fall_silent(self, sandbox: Inside, *, port: int) -> None:
        """Let something listen on a port that answers nobody, not even by refusing."""
        await self.leave(sandbox, SILENT.format(port=port))
        # The one that listens, and both ends of what is in its queue.
        await self._listens(sandbox, port, sockets=3)

    async def crash(self, sandbox: Inside, *, after: float = 0) -> None:
        """Let the run end by itself, some seconds later: whoever runs commands inside is its bridge."""
        with suppress(Unavailable):
            await self.detach(sandbox, f"sleep {after}; kill -9 $PPID")

    async def leave(self, sandbox: Inside, source: str) -> None:
        """Start a program that outlives the command that started it."""
        name = f"/tmp/program-{uuid4().hex}.py"
        await sandbox.run(f"cat > {name} <<'END'\n{source}\nEND\n")
        await self.detach(sandbox, f"exec python3 {name}")

    async def detach(self, sandbox: Inside, script: str) -> None:
        """Start a script that outlives the command that started it; `$PPID` is the bridge's. It has begun then."""
        script, begun = script.replace("$PPID", "'$PPID'"), f"/tmp/begun-{uuid4().hex}"
        start = f"setsid sh -c '> {begun}; {script}' >/dev/null 2>&1 &"
        await sandbox.run(f"{start}\nuntil [ -e {begun} ]; do sleep 0.01; done")

    async def _listens(self, sandbox: Inside, port: int, *, sockets: int = 1) -> None:
        async def listening() -> bool:
            return (await sandbox.run("cat /proc/net/tcp /proc/net/tcp6")).stdout.count(f":{port:04X} ") >= sockets

        await eventually(listening)

    async def clear(self) -> None:
        """End what a test has left."""
        for instance in await self.backend.list():
            await self.backend.stop(instance.id, reason="The test is over.")
            await self.backend.remove_workspace(instance.workspace_id)
        await self.backend.close()


class TwinGround(Ground):
    """The twin has no insides: what listens there and what ends there is said to it."""

    real = False

    @property
    def _twin(self) -> MemoryBackend:
        assert isinstance(self.backend, MemoryBackend)
        return self.backend

    async def serve(self, sandbox: Inside, text: str, *, port: int, host: str = "127.0.0.1") -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(text.encode())
            await writer.drain()

        self._twin.listen(sandbox.spec.workspace_id, port, greet)

    async def fall_silent(self, sandbox: Inside, *, port: int) -> None:
        self._twin.listen(sandbox.spec.workspace_id, port, None)

    async def crash(self, sandbox: Inside, *, after: float = 0) -> None:
        self._twin.end(sandbox.instance.id, code=-9, output="killed")


class SwarmGround(Ground):
    in_memory = False


Opening = Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Ground]]


@dataclass(frozen=True)
class Backend:
    """`isolated`: code inside really is kept apart, so that it may be let loose. `images`: some can run beside it."""

    opening: Opening
    isolated: bool = True
    images: bool = False
    marks: tuple[pytest.MarkDecorator, ...] = ()


def _folder(request: pytest.FixtureRequest) -> Path:
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.mktemp("backend")


async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    writer.close()


def _twin(*, freezes: bool) -> Opening:
    @asynccontextmanager
    async def opening(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
        folder, capabilities = _folder(request), Capabilities(True, (), "cgroup2", freezes)

        def make(earlier: SandboxBackend | None) -> SandboxBackend:
            before = earlier if isinstance(earlier, MemoryBackend) else None
            return MemoryBackend(folder, bridge=answer, capabilities=capabilities, earlier=before)

        ground = TwinGround(make, data=folder, sockets=folder)
        await ground.backend.open()
        try:
            yield ground
        finally:
            await ground.clear()

    return opening


@asynccontextmanager
async def _process(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    machine = request.getfixturevalue("machine")
    settings = Settings(data_dir=_folder(request) / "data")
    settings.prepare_folders()
    ground = Ground(
        lambda _: ProcessBackend(settings, machine=machine), data=settings.data_dir, sockets=settings.run_dir
    )
    await ground.backend.open()
    try:
        yield ground
    finally:
        await ground.clear()
        shutil.rmtree(settings.run_dir, ignore_errors=True)


@asynccontextmanager
async def _docker(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    engine: Engine = request.getfixturevalue("engine")
    image: str = request.getfixturevalue("project_image")
    settings, subnets = Settings(data_dir=_folder(request) / "data"), MemorySubnets()
    settings = settings.model_copy(update={"docker_host": engine.url, "docker_image": image})
    ground = Ground(lambda _: DockerBackend(settings, subnets), data=settings.data_dir, sockets=settings.run_dir)
    ground.engine, ground.base = engine.url, base_name(own_suite())
    await ground.backend.open()
    try:
        yield ground
    finally:
        await ground.clear()
        shutil.rmtree(settings.run_dir, ignore_errors=True)


@asynccontextmanager
async def _swarm(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    swarm: Swarm = request.getfixturevalue("swarm")
    settings = Settings(data_dir=_folder(request) / "data", docker_host=swarm.manager.url, registry=swarm.registry)
    keyring = Keyring((f"of one ground alone: {settings.data_dir}",))
    ground = SwarmGround(lambda _: SwarmBackend(settings, keyring), data=settings.data_dir, sockets=settings.run_dir)
    ground.engine, ground.base = swarm.manager.url, swarm.image
    await ground.backend.open()
    try:
        yield ground
    finally:
        await ground.clear()
        shutil.rmtree(settings.run_dir, ignore_errors=True)


BACKENDS = {
    "process": Backend(_process),
    # An engine is root, whoever the server is; the twin has no processes.
    "docker": Backend(_docker, images=True, marks=(*needs_engine, pytest.mark.once)),
    # What `make test` sees of it are tests of its own.
    "swarm": Backend(_swarm, images=True, marks=(*needs_swarm, pytest.mark.swarm, pytest.mark.once)),
    "twin": Backend(_twin(freezes=True), isolated=False, marks=(pytest.mark.once,)),
    "twin-without-freezer": Backend(_twin(freezes=False), isolated=False, marks=(pytest.mark.once,)),
}


def params(*names: str, isolated: bool = False, images: bool = False) -> list[object]:
    """Of a fixture whose tests run on each, or on those named; with `isolated`, where code may be let loose.

    With `images`, where these run.
    """
    wanted = names or [
        name
        for name, backend in BACKENDS.items()
        if (backend.isolated or not isolated) and (backend.images or not images)
    ]
    chosen = {name: BACKENDS[name] for name in wanted}
    return [pytest.param(backend, id=name, marks=backend.marks) for name, backend in chosen.items()]
