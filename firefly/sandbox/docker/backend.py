"""The docker backend: each sandbox a container of the project image, in a network of its own."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog

from firefly.clock import Clock, SystemClock
from firefly.errors import FireflyError, NotFound, SandboxFailed, Unavailable
from firefly.sandbox import trees
from firefly.sandbox.backend import Capabilities, ExitStatus, Instance, SandboxBackend, SandboxSpec, Stats
from firefly.sandbox.dialing import Dialer
from firefly.sandbox.images import ImageSource
from firefly.settings import Settings
from firefly.waiting import happens

from . import containers, detection, freezing, notes, runs
from .companions import usage
from .disks import Disks
from .ending import Ender
from .engine import Engine
from .following import Following
from .images import Images, needed
from .networks import Networks
from .notes import Reason
from .roster import Roster
from .runs import Run
from .starting import BRIDGE, GATEWAY, Starter
from .subnets import Subnets

log = structlog.get_logger()

STOP_LIMIT, TIDY_PAUSE = 30.0, 600.0


class DockerBackend(SandboxBackend):
    """See SandboxBackend. `command` replaces the image's own, for tests."""

    def __init__(
        self, settings: Settings, subnets: Subnets, *, clock: Clock | None = None, command: Sequence[str] = ()
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._installation = installation = containers.installation(settings)
        self._image = settings.docker_image
        self._engine = Engine(settings.docker_host)
        self._images = Images(self._engine)
        self._networks = Networks(self._engine, installation, subnets)
        self._starter = Starter(settings, self._engine, self._networks, installation=installation, command=command)
        self._ender = Ender(self._engine, self._networks, installation)
        self._roster = Roster(self._starter, self._ender, self._networks)
        self._disks = Disks(settings.data_dir / "workspaces", self._end_full)
        self._following = Following(self._engine, installation, told=self._roster.told, caught_up=self._catch_up)
        self._found: Capabilities | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._dialer: Dialer

    async def look(self) -> None:
        self._found = await detection.look(
            self._engine,
            self._images,
            self._installation,
            image=self._image,
            runtime=self._settings.docker_runtime,
            allowed=self._settings.egress_allow,
        )

    async def open(self) -> None:
        self._dialer = Dialer()
        if self._found is None:
            await self.look()
        await asyncio.to_thread(self._starter.make_folders)
        for lack in self.capabilities().lacks:
            log.warning("sandbox.lack", what=lack.what, consequence=lack.consequence, remedy=lack.remedy)
        if not self._engine.local:
            return
        self._tasks = [
            asyncio.create_task(self._following.run(), name="docker-events"),
            asyncio.create_task(self._tidy_always(), name="docker-tidy"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disks.close()
        await self._roster.close()
        self._dialer.close()
        await self._engine.close()

    def capabilities(self) -> Capabilities:
        assert self._found is not None, "look() was not called"
        return self._found

    async def _catch_up(self) -> None:
        if not self.capabilities().isolated:
            # What was missing, the engine itself for one, may be there by now.
            await self.look()
        await self._roster.catch_up()

    async def _tidy_always(self) -> None:
        while True:
            await asyncio.sleep(TIDY_PAUSE)
            try:
                await self._catch_up()
                await self.tidy()
            # Whatever it is: the next time it may be otherwise.
            except Exception as error:
                log.warning("docker.untidy", reason=str(error) or repr(error))

    async def tidy(self) -> None:
        """Remove what belongs to no run, and images of Firefly's that have no name any more."""
        await self._roster.tidy()
        await self._images.sweep()

    async def create(self, spec: SandboxSpec) -> Instance:
        await self._check_needs()
        if not (self.capabilities().isolated or spec.trusted or self._settings.allow_unisolated):
            raise SandboxFailed(
                "This engine cannot keep projects apart, so only administrators' projects run. `firefly doctor` "
                "says what is missing."
            )
        if spec.image is not None:
            with needed(spec.image):
                await self._images.ensure(spec.image)
        instance = Instance(secrets.token_hex(6), spec.workspace_id, self._clock.now())
        self._roster.beginning.add(instance.id)
        try:
            run = await self._starter.make(spec, instance, self._image)
            self._roster.runs.enter(run)
            await self._starter.begin(run)
            self._disks.watch(run)
        except BaseException as error:
            await asyncio.shield(self._roster.discard(instance.id))
            if isinstance(error, FireflyError) and not isinstance(error, SandboxFailed):
                raise SandboxFailed(error.detail) from error
            raise
        finally:
            self._roster.beginning.discard(instance.id)
        return instance

    async def ground(self) -> str:
        with needed(self._image):
            return await self._images.named(self._image)

    def offer_images(self, source: ImageSource) -> None:
        self._images.source = source

    async def accompany(self, instance_id: str, image: str) -> None:
        run = self._roster.runs.running(instance_id)
        if run.companion is None:
            with needed(image):
                await self._images.ensure(image)
            await self._starter.beside(run, image)

    async def _check_needs(self) -> None:
        """Raises SandboxFailed where no sandbox can start, and somebody has to do something about it."""
        if any(lack.consequence == detection.NOTHING_RUNS for lack in self.capabilities().lacks):
            # It may have been done by now.
            await self.look()
        for lack in self.capabilities().lacks:
            if lack.consequence == detection.NOTHING_RUNS:
                raise SandboxFailed(f"No sandbox starts here without {lack.what}: {lack.remedy}.")

    async def stop(self, instance_id: str, *, reason: str) -> None:
        run = self._roster.runs.find(instance_id)
        if run is not None:
            await self._stop(run, Reason(reason, requested=True))

    async def _end_full(self, run: Run, said: str) -> None:
        await self._stop(run, Reason(said))

    async def _stop(self, run: Run, reason: Reason) -> None:
        await asyncio.to_thread(notes.note_reason, run.folder, reason)
        with contextlib.suppress(Unavailable):
            # What is paused does not end when it is asked, nor, by version 1 of control groups, when it is killed.
            await freezing.thaw(self._engine, run)
        with contextlib.suppress(NotFound):
            async with self._engine.calling(STOP_LIMIT) as docker:
                await docker.containers.container(run.container).stop(t=containers.GRACE)
        self._roster.end(run)
        await happens(run.finished, STOP_LIMIT)

    async def freeze(self, instance_id: str) -> None:
        await freezing.freeze(self._engine, self._roster.runs.running(instance_id))

    async def thaw(self, instance_id: str) -> None:
        await freezing.thaw(self._engine, self._roster.runs.running(instance_id))

    def frozen(self, instance_id: str) -> bool:
        run = self._roster.runs.find(instance_id)
        return run is not None and run.frozen

    async def wait(self, instance_id: str) -> ExitStatus:
        return await self._roster.runs.wait(instance_id)

    async def remove_workspace(self, workspace_id: UUID) -> None:
        self._roster.runs.check_stopped(workspace_id)
        await trees.remove(self._settings.data_dir / "workspaces" / str(workspace_id))

    async def list(self) -> Sequence[Instance]:
        return self._roster.runs.instances()

    async def adopt(self) -> Sequence[Instance]:
        await self._roster.adopt()
        for run in self._roster.runs:
            self._disks.watch(run)
        return self._roster.runs.instances()

    async def connect(self, instance_id: str, port: int) -> socket.socket:
        run = self._roster.runs.running(instance_id)
        if run.relay is not None:
            return await run.relay.connect(port)
        if run.source is None:
            raise Unavailable("The sandbox has not started yet.")
        return await self._dialer.connect(run.source, port)

    def bridge_path(self, instance_id: str) -> Path:
        return self._starter.folder(instance_id) / BRIDGE

    def gateway_path(self, instance_id: str) -> Path:
        return self._starter.folder(instance_id) / GATEWAY

    async def logs(self, instance_id: str) -> str:
        status = self._roster.runs.status(instance_id)
        return status.output if status else await self._ender.output(self._roster.runs.running(instance_id).container)

    async def stats(self, instance_id: str) -> Stats:
        run = self._roster.runs.running(instance_id)
        used = runs.stats_of(await usage(self._engine, run.container), run.oom_kills)
        beside = await run.companion.usage() if run.companion is not None else None
        return used + runs.stats_of(beside, 0) if beside else used

    async def exit_status(self, instance_id: str) -> ExitStatus | None:
        return self._roster.runs.status(instance_id)
