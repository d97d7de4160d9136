"""Builds made for real: a database, repositories, a keeper of real sandboxes, and what makes artifacts beside them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from io import BytesIO
from pathlib import Path
from tarfile import TarInfo
from tarfile import open as open_tar
from typing import Any
from uuid import UUID

from firefly.artifacts import FileArtifactStore
from firefly.builds.making.caches import Caches
from firefly.builds.making.runner import BuildRunner
from firefly.builds.making.tree import Bounds, TreeReading
from firefly.builds.making.workplaces import Workplaces
from firefly.builds.model import Build, Outcome
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.strategies.commands import Commands
from firefly.builds.strategies.pages import Pages
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.keeper import Keeper
from firefly.testing.build_log import MemoryBuildLog
from tests.builds.yard import Yard
from tests.git import support


class Workshop:
    """`secrets` are what every project has."""

    def __init__(self, yard: Yard, keeper: Keeper, folder: Path) -> None:
        self.yard, self.keeper = yard, keeper
        self.secrets: dict[str, str] = {}
        self.ground = "the ground"
        self.store = FileArtifactStore(folder / "artifacts")
        self.artifacts = Artifacts(yard.database, self.store, yard.clock)
        self.caches = Caches(yard.database, self.store, yard.clock)
        self.workplaces = Workplaces(keeper=keeper, database=yard.database, clock=yard.clock)
        self.reading = TreeReading(yard.git, folder / "reading.git")
        self.bounds = Bounds(files=10_000, size=100 << 20)
        self.strategies: list[Any] = [self._strategy(Pages), self._strategy(Commands)]
        self.copy = folder
        self.backend: SandboxBackend
        self.project_id: UUID | None = None

    def _strategy(self, kind: type[Commands]) -> Commands:
        return kind(workplaces=self.workplaces, artifacts=self.artifacts, caches=self.caches, base=self._base)

    async def _base(self, plan: object) -> str:
        return self.ground

    async def _secrets(self, project_id: UUID) -> Mapping[str, str]:
        return self.secrets

    @property
    def runner(self) -> BuildRunner:
        return BuildRunner(
            database=self.yard.database, git=self.yard.git, repositories=self.yard.repositories, reading=self.reading,
            strategies=self.strategies, artifacts=self.artifacts, secrets_of=self._secrets, bounds=self.bounds,
            engine=False,
        )  # fmt: skip

    async def begin(self) -> None:
        owner = await self.yard.person("ada")
        self.project_id = await self.yard.project(owner)
        self.copy = await self.yard.repository(self.project_id)

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change it") -> str:
        """Write these files (None: delete), commit them on top of what is there, and push; the commit."""
        for name, content in files.items():
            path = self.copy / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(0o755 if name.startswith("bin/") else 0o644)
        support.git(self.copy, "add", "-A")
        support.git(self.copy, "commit", "-qm", message, "--allow-empty")
        support.git(self.copy, "push", "-q", "--force", "origin", "HEAD:main")
        return support.git(self.copy, "rev-parse", "HEAD").strip()

    async def ask(self, commit: str, **more: Any) -> Build:
        assert self.project_id is not None
        return await self.yard.ask(self.project_id, commit, **more)

    async def run(self, commit: str, **more: Any) -> tuple[Outcome, MemoryBuildLog]:
        """Build a commit as a worker would, its end written down."""
        build, log = await self.ask(commit, **more), MemoryBuildLog()
        outcome = await self.runner.run(build, log)
        await self.yard.execute(
            "update builds set state = $2, artifact = $3, ended_at = now() where id = $1",
            build.id, outcome.state, outcome.artifact,
        )  # fmt: skip
        return outcome, log

    async def content(self, digest: str) -> dict[str, bytes | str]:
        """Of an artifact: files, and what links lead to."""
        found: dict[str, bytes | str] = {}
        async with aclosing(await self.artifacts.read(digest)) as body:
            whole = b"".join([piece async for piece in body])
        with open_tar(fileobj=BytesIO(whole)) as package:
            for member in package:
                found |= _content(package, member)
        return found

    async def close(self) -> None:
        await self.workplaces.settled()
        await self.workplaces.close()


def _content(package: Any, member: TarInfo) -> dict[str, bytes | str]:
    if member.issym():
        return {member.name: member.linkname}
    return {member.name: package.extractfile(member).read()} if member.isreg() else {}


@asynccontextmanager
async def workshop(yard: Yard, keeper: Keeper, folder: Path) -> AsyncIterator[Workshop]:
    made = Workshop(yard, keeper, folder)
    await made.begin()
    try:
        yield made
    finally:
        await made.close()
