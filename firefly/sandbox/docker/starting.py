"""The start of a run: folders, network, container; the bridge's socket handed in; and the wait until it answers."""

import asyncio
import hashlib
import json
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from firefly.errors import FireflyError, NotFound, SandboxFailed, Unavailable
from firefly.sandbox import trees
from firefly.sandbox.backend import Instance, SandboxSpec
from firefly.sandbox.disk import Usage
from firefly.sandbox.runs import answers
from firefly.settings import Settings

from . import companion_plan, containers, notes
from .companions import Companion
from .containers import GIVER, HANDED, Place, Plan
from .engine import Engine
from .labels import labels
from .networks import Networks
from .offer import Offer
from .runs import Run

BRIDGE, GATEWAY, OWN_FILES = "bridge.sock", "gateway", "etc"
ENGINE_LIMIT, HAND_LIMIT, HEALTH_LIMIT, PAUSE = 120.0, 30.0, 30.0, 0.02
# Until what has ended is known to have, with what it printed.
END_LIMIT, ENDED = 15.0, ("exited", "dead")
# A busy engine counts what is there no more as running until it hears of its end.
HEARD_LIMIT = 5.0


class Starter:
    """`folder` holds the folders of runs; `command` replaces the image's own."""

    def __init__(
        self, settings: Settings, engine: Engine, networks: Networks, *, installation: str, command: Sequence[str]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._networks = networks
        self._installation = installation
        self._door = containers.needs_door(settings)
        self._command = command
        self._folder = settings.run_dir / "containers"
        self._workspaces = settings.data_dir / "workspaces"

    def folder(self, instance_id: str) -> Path:
        return self._folder / instance_id

    def make_folders(self) -> None:
        self._settings.prepare_folders()
        for folder, mode in ((self._folder, 0o700), (self._workspaces, 0o711)):
            folder.mkdir(mode=mode, exist_ok=True)
            folder.chmod(mode)

    def left(self) -> set[str]:
        """The ids of runs that have a folder."""
        return {path.name for path in self._folder.iterdir()}

    async def make(self, spec: SandboxSpec, instance: Instance, image: str) -> Run:
        """Make all that the run has; nothing runs yet."""
        user = spec.uid if os.getuid() == 0 else os.getuid()
        place = await asyncio.to_thread(self._make_place, spec, self.folder(instance.id), user)
        network = await self._networks.make(instance.id)
        plan = Plan(
            self._installation, instance, spec, image, user, network, place, self._settings.docker_runtime,
            self._command, self._door,
        )  # fmt: skip
        async with self._engine.calling() as docker:
            container = await docker.containers.create(containers.config(plan))
        run = Run(instance, self.folder(instance.id), str(container.id), Usage(spec.limits.disk, spec.limits.files))
        beside = containers.companion(
            spec, labels(self._installation, instance), run.container,
            files=containers.files(place), user=user, runtime=self._settings.docker_runtime,
        )  # fmt: skip
        await asyncio.to_thread(companion_plan.note, run.folder, beside)
        return run

    def _make_place(self, spec: SandboxSpec, folder: Path, user: int) -> Place:
        tree, home = trees.make(self._workspaces / str(spec.workspace_id), spec.uid)
        gateway, own_files = folder / GATEWAY, folder / OWN_FILES
        for path in (gateway, own_files):
            path.mkdir(parents=True, mode=0o755)
            path.chmod(0o755)
        for name, text in containers.own_files(user).items():
            (own_files / name).write_text(text)
            (own_files / name).chmod(0o644)
        # Others can read a container's environment by the engine; this only its user can.
        handed = own_files / HANDED
        handed.touch(mode=0o600)
        handed.write_text(json.dumps({"environment": dict(spec.variables), "digest": self._digest(folder)}))
        if os.getuid() == 0:
            os.chown(handed, user, user)
        return Place(tree, home, gateway, own_files, self._settings.data_dir / "prepared")

    def _digest(self, folder: Path) -> str | None:
        """Of the token that opens the door, where there is one."""
        return hashlib.sha256(notes.make_token(folder).encode()).hexdigest() if self._door else None

    async def begin(self, run: Run) -> None:
        """Start it, and return when the bridge answers. Raises SandboxFailed where it ends first or takes too long."""
        if self._door:
            await self._unless_ended(run, self._set_off(run), ENGINE_LIMIT)
        else:
            offer = Offer(run.folder / BRIDGE, run.folder / GATEWAY / GIVER)
            try:
                await self._unless_ended(run, self._set_off(run), ENGINE_LIMIT)
                await self._unless_ended(run, offer.taken(), HAND_LIMIT)
            finally:
                offer.close()
        await self._unless_ended(run, _healthy(run), HEALTH_LIMIT)
        await self.accompany(run)
        await asyncio.to_thread(notes.note_ready, run.folder, run.most)

    async def _set_off(self, run: Run) -> None:
        async with self._engine.calling() as docker:
            await docker.containers.container(run.container).start()
        await self.join(run)

    async def accompany(self, run: Run, companion: str = "") -> None:
        """Have its image run when it is asked for, where it has one; `companion` is the container that does already."""
        plan = await asyncio.to_thread(companion_plan.read_note, run.folder)
        if plan is not None and plan.image:
            run.companion = Companion(self._engine, plan, run.folder / GATEWAY, companion, frozen=run.frozen)
            await run.companion.open()

    async def beside(self, run: Run, image: str) -> None:
        """Have an image run beside what began without one; whoever asks for it at the same time waits for the first."""
        async with run.joining:
            plan = await asyncio.to_thread(companion_plan.read_note, run.folder)
            if plan is not None and run.companion is None:
                await asyncio.to_thread(companion_plan.note, run.folder, plan.of(image))
                await self.accompany(run)

    async def join(self, run: Run) -> None:
        """Open the way into a run. Raises Unavailable."""
        await run.join(await self._engine.call("GET", f"containers/{run.container}/json"))

    async def has_ended(self, run: Run) -> bool:
        """Whether the engine says so; not where it says nothing."""
        return await self._state(run) in ENDED

    async def _state(self, run: Run) -> str:
        """What the engine says of it; nothing where it says nothing."""
        try:
            found = await self._engine.call("GET", f"containers/{run.container}/json")
        except FireflyError as error:
            return "dead" if isinstance(error, NotFound) else ""
        return str(found["State"]["Status"])

    async def _unless_ended(self, run: Run, wanted: Coroutine[Any, Any, None], limit: float) -> None:
        """Raises SandboxFailed where the run ends first, or nothing happens in time."""
        work, ended = asyncio.ensure_future(wanted), asyncio.ensure_future(run.finished.wait())
        try:
            await asyncio.wait([work, ended], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if work.done() and work.exception() is None:
                return
            if work.done() and not ended.done():
                await self._hear(run, ended)
            if run.status is not None:
                raise SandboxFailed(run.status.reason, output=run.status.output)
            if work.done():
                await work
            raise SandboxFailed(f"The bridge did not answer within {limit:.0f} s.")
        finally:
            for task in (work, ended):
                task.cancel()
            await asyncio.gather(work, ended, return_exceptions=True)

    async def _hear(self, run: Run, ended: asyncio.Future[Any]) -> None:
        """Wait for the end of what cannot be reached, if that is why."""
        state = await self._state(run)
        if state == "running":
            await asyncio.wait([ended], timeout=HEARD_LIMIT)
        elif state in ENDED:
            await asyncio.wait([ended], timeout=END_LIMIT)


async def _healthy(run: Run) -> None:
    """A relay is there before its bridge, and closes what comes meanwhile."""
    while not await answers(run.folder / BRIDGE):
        if run.relay is None:
            raise Unavailable("The bridge closed its socket.")
        await asyncio.sleep(PAUSE)
