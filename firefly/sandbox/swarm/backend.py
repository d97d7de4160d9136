"""The swarm backend: each sandbox a service with one task, wherever the Swarm puts it, reached over the network."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from uuid import UUID

import structlog

from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.clock import Clock, SystemClock
from firefly.errors import FireflyError, NotFound, SandboxFailed, Unavailable
from firefly.sandbox import network
from firefly.sandbox.backend import Capabilities, ExitStatus, Instance, SandboxBackend, SandboxSpec, Stats
from firefly.sandbox.docker import labels
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.runs import stats_of
from firefly.sandbox.images import ImageSource
from firefly.sandbox.living import Runs
from firefly.sandbox.netlink import own_addresses
from firefly.sandbox.relay import BRIDGE, GATEWAY, Relay
from firefly.sandbox.remote import Remote
from firefly.secrets import Keyring
from firefly.settings import Settings

from . import detection, services
from .cluster import Cluster
from .companions import Companions
from .ending import Ender
from .following import Following
from .images import Images
from .keys import Keys
from .placing import Task
from .runs import Run, end_of
from .starting import Start

log = structlog.get_logger()

FOLDER = "services"


class SwarmBackend(SandboxBackend):
    """See SandboxBackend. A workspace's files end with the run: who starts one in their place restores them.

    `command` replaces the image's own, for tests.
    """

    def __init__(
        self, settings: Settings, keyring: Keyring, *, clock: Clock | None = None, command: Sequence[str] = ()
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._command = command
        self._folder = settings.run_dir / FOLDER
        self._keys = Keys(keyring)
        self._engine = Engine(settings.docker_host)
        self._cluster = Cluster(self._engine, self._keys.installations)
        self._images = Images(self._engine, settings)
        self._companions = Companions(self._engine, self._folder)
        self._found: Capabilities | None = None
        self._runs = Runs[Run]()
        self._ender = Ender(self._cluster, self._runs, self._folder, self._clock)
        self._tasks: list[asyncio.Task[None]] = []

    async def look(self) -> None:
        self._found = await detection.look(self._engine, self._cluster, self._images)

    async def open(self) -> None:
        if self._found is None:
            await self.look()
        await asyncio.to_thread(self._make_folder)
        for lack in self.capabilities().lacks:
            log.warning("sandbox.lack", what=lack.what, consequence=lack.consequence, remedy=lack.remedy)
        following = Following(self._cluster, self._runs, self._clock, ended=self._ended)
        self._tasks = [asyncio.create_task(following.run()), asyncio.create_task(following.sweep())]

    def _make_folder(self) -> None:
        self._settings.prepare_folders()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._folder.chmod(0o700)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for run in self._runs:
            await run.let_go()
        self._runs.clear()
        await self._engine.close()

    def capabilities(self) -> Capabilities:
        assert self._found is not None, "look() was not called"
        return self._found

    async def ground(self) -> str:
        return await self._images.pinned()

    def offer_images(self, source: ImageSource) -> None:
        self._companions.images.source = source

    async def create(self, spec: SandboxSpec) -> Instance:
        run = Run(Instance(secrets.token_hex(6), spec.workspace_id, self._clock.now()))
        start = Start(self._cluster, self._keys.installation, run)
        try:
            handed = self._keys.handed(run.instance.id, spec.variables)
            image = await self._images.pinned()
            constraints = (*self._settings.swarm_constraints, *await self._companions.constraints(spec))
            refused = await self._refused()
            await start.begin(
                spec, image, handed, constraints=constraints, refused=refused, command=self._command
            )  # fmt: skip
            task = await start.placed()
            await self._attach(run, task, self._keys.installation)
            self._runs.enter(run)
            await start.answers(run)
            await self._companions.prepare(run, spec, task, self._keys.installation)
        except BaseException as error:
            output = await asyncio.shield(self._discard(run, error))
            if isinstance(error, (SandboxFailed, Unavailable, NotFound)):
                raise SandboxFailed(error.detail, output=output) from error
            raise
        return run.instance

    async def _refused(self) -> list[str]:
        """The networks that sandboxes do not reach, this machine and all nodes among them."""
        nodes = [IPv4Address(node.address) for node in (await self._cluster.nodes()).values() if "." in node.address]
        return network.refused([*own_addresses(), *nodes], self._settings.egress_allow)

    async def _attach(self, run: Run, task: Task, installation: str) -> None:
        """Open the relay to where a task runs. Raises Unavailable."""
        node = (await self._cluster.nodes()).get(task.node)
        if node is None or task.port is None:
            raise Unavailable("The Swarm does not tell where the sandbox runs.")
        run.node = node.name
        token = self._keys.token(run.instance.id, installation)
        run.relay = Relay(Remote(node.address, task.port, token), self._folder / run.instance.id)
        await run.relay.open()

    async def _discard(self, run: Run, error: BaseException) -> str:
        """Leave nothing of a start that failed or was given up; returns what it printed."""
        called = services.name(run.instance.id)
        # Whoever gave it up does not read it.
        output = await self._cluster.log(called) if isinstance(error, FireflyError) else ""
        run.reason = "The start was given up."
        self._runs.enter(run)
        await self._ender.remove(run, ExitStatus(None, run.reason, self._clock.now(), True, output))
        return output

    async def stop(self, instance_id: str, *, reason: str) -> None:
        run = self._runs.find(instance_id)
        if run is None:
            return
        run.reason = reason
        output = await self._cluster.log(services.name(instance_id))
        await self._ender.remove(run, ExitStatus(0, reason, self._clock.now(), True, output))

    async def freeze(self, instance_id: str) -> None:
        """A service cannot be paused from afar."""
        self._running(instance_id)

    async def thaw(self, instance_id: str) -> None:
        self._running(instance_id)

    def frozen(self, instance_id: str) -> bool:
        return False

    async def wait(self, instance_id: str) -> ExitStatus:
        return await self._runs.wait(instance_id)

    async def remove_workspace(self, workspace_id: UUID) -> None:
        """Its files ended with its last run."""
        self._runs.check_stopped(workspace_id)

    async def list(self) -> Sequence[Instance]:
        return self._runs.instances()

    async def adopt(self) -> Sequence[Instance]:
        tasks = await self._cluster.tasks()
        for found in await self._cluster.services():
            try:
                run = Run(labels.instance_of(found["Labels"]))
                await self._adopt(run, tasks.get(found["Name"]), found["Labels"][labels.INSTALLATION])
            except (KeyError, ValueError) as error:
                log.warning("swarm.unreadable", service=found["Name"], reason=repr(error))
        return await self.list()

    async def _adopt(self, run: Run, task: Task | None, installation: str) -> None:
        """One that was about to start when its server ended is removed like one that has ended."""
        status = end_of(run, task, await self._cluster.nodes(), self._clock.now())
        self._runs.enter(run)
        try:
            if status is None and task is not None and task.state == "running":
                await self._attach(run, task, installation)
                await self._companions.accompany(run)
                return
        except Unavailable as error:
            log.warning("swarm.not_adopted", instance=run.instance.id, reason=error.detail)
        given_up = ExitStatus(None, "Its server ended while it started.", self._clock.now(), False)
        await self._ender.remove(run, status or given_up)

    async def _ended(self, run: Run, status: ExitStatus) -> None:
        run.reason = status.reason
        await self._ender.remove(run, status)

    def _running(self, instance_id: str) -> Run:
        run = self._runs.running(instance_id)
        if run.relay is None:
            raise Unavailable("The sandbox has ended.")
        return run

    async def connect(self, instance_id: str, port: int) -> socket.socket:
        relay = self._running(instance_id).relay
        assert relay is not None
        return await relay.connect(port)

    def bridge_path(self, instance_id: str) -> Path:
        return self._folder / instance_id / BRIDGE

    def gateway_path(self, instance_id: str) -> Path:
        return self._folder / instance_id / GATEWAY

    async def logs(self, instance_id: str) -> str:
        if status := self._runs.status(instance_id):
            return status.output
        self._running(instance_id)
        return await self._cluster.log(services.name(instance_id))

    async def stats(self, instance_id: str) -> Stats:
        companion = self._running(instance_id).companion
        async with domain_errors(), BridgeClient.on_socket(self.bridge_path(instance_id)) as bridge:
            found = await bridge.usage()
        used = Stats(found.memory, found.cpu_seconds, found.pids, found.oom_kills)
        beside = await companion.usage() if companion is not None else None
        return used + stats_of(beside, 0) if beside else used

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        return self._runs.status(instance_id)
