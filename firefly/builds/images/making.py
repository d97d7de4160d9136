"""Makes the image of a commit by its Dockerfile: looked at, sent, built and looked at again."""

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from firefly.builds.seams import BuildLog
from firefly.builds.strategies.strategy import Job
from firefly.errors import InvalidInput
from firefly.git import Git
from firefly.protocol.manifest import Dockerfile
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.images import BUILT, KIND
from firefly.sandbox.docker.labels import INSTALLATION
from firefly.settings import Settings

from . import builder, context, finding, recipe
from .bounds import Bounds
from .client import Client
from .network import Network
from .recipe import Recipe

FOLDER, BUILD = "images", "build-"
# Seconds that a build may take beyond its time.
SLACK = 600.0
PROJECT = "firefly.project"
_SECRET = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_PORT = re.compile(r"(\d{1,5})(?:/tcp)?")


@dataclass(frozen=True, slots=True)
class Image:
    """`id` is `sha256:…`, of its configuration and its layers; `size` bytes unpacked.

    `port` is the lowest of those that it says it listens on, if it does. `starts`: it says what is run.
    """

    id: str
    size: int
    port: int | None
    starts: bool

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "Image":
        """From what the engine says of it."""
        config = found.get("Config") or {}
        ports = (_PORT.fullmatch(name) for name in config.get("ExposedPorts") or {})
        listed = [int(port[1]) for port in ports if port and 0 < int(port[1]) < 65536]
        starts = bool(config.get("Cmd") or config.get("Entrypoint"))
        return cls(str(found["Id"]), int(found["Size"]), min(listed, default=None), starts)


class Making:
    """`installation` marks what is made in an engine that others may use, too."""

    def __init__(self, *, git: Git, engine: Engine, settings: Settings, installation: str) -> None:
        self._git = git
        self._engine = engine
        self._settings = settings
        self._installation = installation
        self._network = Network(engine, settings, installation)
        self._bounds = Bounds(engine, settings, installation)
        self._client: Client | None = None

    async def sweep(self) -> None:
        """Remove what a server that was killed has left: secrets are among it. What is younger may be in use."""
        before = time.time() - self._settings.build_timeout - SLACK
        await asyncio.to_thread(_sweep, self._settings.run_dir / FOLDER, before)

    async def make(self, job: Job, log: BuildLog) -> Image:
        """Raises ImageFailed, InvalidInput, TooLarge, Unavailable. Cancelled, it leaves nothing."""
        wanted = job.plan.dockerfile or Dockerfile()
        found = await context.texts(self._git, job.tree, wanted)
        fetches = self._settings.build_network == "open"
        recipe.check(wanted, found.dockerfile, fetches=fetches)
        files = context.pack(job.tree, wanted, found.ignored(), most=self._settings.build_context_max)
        docker, network = await self._docker(), await self._network.ready()
        if lack := await self._bounds.ready():
            async with log.step("prepare") as step:
                await step.say(lack)
        async with self._folder(job.secrets) as folder:
            asked = Recipe(
                wanted,
                _name(self._installation, job.build.project_id, job.domain),
                network=network,
                fetches=fetches,
                labels=self._labels(job.build.project_id),
                secrets={name: folder / "secrets" / name for name in job.secrets},
            )
            id = await builder.build(docker, asked, files, log, folder=folder, memory=self._bounds.memory)
        async with self._engine.calling() as engine:
            return Image.of(await engine.images.inspect(id))

    def _labels(self, project_id: UUID) -> Mapping[str, str]:
        return {KIND: BUILT, INSTALLATION: self._installation, PROJECT: str(project_id)}

    async def _docker(self) -> Client:
        """Looked for again as long as there is none."""
        if self._client is None:
            home = self._settings.run_dir / FOLDER / "home"
            await asyncio.to_thread(home.mkdir, mode=0o700, parents=True, exist_ok=True)
            self._client = Client((await finding.find()).chosen(), self._engine.address, home)
        return self._client

    @contextlib.asynccontextmanager
    async def _folder(self, secrets: Mapping[str, str]) -> AsyncIterator[Path]:
        """One that is gone afterwards, with the secrets in files that only the server's user reads."""
        if bad := next((name for name in secrets if not _SECRET.fullmatch(name)), None):
            raise InvalidInput(f"{bad[:80]!r} cannot be mounted as a secret: its name is no file's.", field="secrets")
        folder = await asyncio.to_thread(_make_folder, self._settings.run_dir / FOLDER, secrets)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _sweep(folder: Path, before: float) -> None:
    for path in folder.glob(f"{BUILD}*"):
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)


def _make_folder(above: Path, secrets: Mapping[str, str]) -> Path:
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=above, prefix=BUILD))
    (folder / "secrets").mkdir(mode=0o700)
    for name, value in secrets.items():
        descriptor = os.open(folder / "secrets" / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
    return folder


def _name(installation: str, project_id: UUID, domain: str) -> str:
    """Whose results of commands are found again: those of this project, and never a fork's for the project's own."""
    return hashlib.sha256(f"{installation} {project_id} {domain}".encode()).hexdigest()[:16]
