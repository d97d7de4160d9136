"""Images built by a real engine of commits in a real repository."""

import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.builds.analysis.plan import Plan, Strategy
from firefly.builds.images.making import Image, Making
from firefly.builds.making import keys
from firefly.builds.making.tree import Bounds, TreeReading
from firefly.builds.model import Build, BuildState, Trigger, Trust
from firefly.builds.strategies import Job
from firefly.git import Git, Repositories
from firefly.protocol.manifest import Dockerfile
from firefly.sandbox.docker import building, containers, debian
from firefly.sandbox.docker.engine import Engine as Client
from firefly.settings import Settings
from firefly.testing.build_log import MemoryBuildLog
from tests.support.engine import Engine

IDENTITY = {
    f"GIT_{who}_{what}": "somebody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Workshop:
    """Commits of a project's repository, and what is made of them."""

    def __init__(self, settings: Settings, client: Client, folder: Path, base: str) -> None:
        self.settings = settings
        self.client = client
        self.base = base
        self.git = Git(settings.run_dir)
        self.repositories = Repositories(settings.data_dir / "repositories", self.git)
        self.reading = TreeReading(self.git, settings.data_dir / "reading.git")
        self.installation = containers.installation(settings)
        self.making = self._making()
        self.project_id = uuid4()
        self.log = MemoryBuildLog()
        self._folder = folder

    def _making(self) -> Making:
        return Making(git=self.git, engine=self.client, settings=self.settings, installation=self.installation)

    def use(self, **settings: object) -> None:
        """Go on with other settings."""
        self.settings = self.settings.model_copy(update=settings)
        self.making = self._making()

    async def commit(self, files: Mapping[str, str | bytes], *, links: Mapping[str, str] = {}) -> str:
        """A commit with these files and nothing else; `{base}` in a Dockerfile is an image that is there."""
        path = self.repositories.path(self.project_id)
        if not path.exists():
            await self.repositories.create(self.project_id)
        tree = self._folder / uuid4().hex
        for name, content in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            data = content.replace("{base}", self.base) if isinstance(content, str) else content
            (tree / name).write_bytes(data.encode() if isinstance(data, str) else data)
        for name, target in links.items():
            (tree / name).symlink_to(target)
        self._run("add", "--all", "--force", path=path, tree=tree)
        written = self._run("write-tree", path=path, tree=tree)
        return self._run("commit-tree", "-m", "Files", written, path=path, tree=tree)

    def _run(self, *arguments: str, path: Path, tree: Path) -> str:
        variables = {"GIT_DIR": str(path), "GIT_WORK_TREE": str(tree), "GIT_INDEX_FILE": str(tree) + ".index"}
        done = subprocess.run(["git", *arguments], env={**os.environ, **IDENTITY, **variables}, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def build(self, commit: str, *, trust: Trust = Trust.PROJECT, project_id: UUID | None = None) -> Build:
        return Build(
            id=uuid4(), project_id=project_id or self.project_id, owner="ann", project="shop", number=1,
            ref="refs/heads/main", commit=commit, tree="", subject="", author="", trigger=Trigger.PUSH,
            account_id=None, account="", actor="", trust=trust, state=BuildState.RUNNING, reason="", failure=None,
            forced=False, plan=None, configured_by=None, build_key=None, artifact=None, reused_from=None, priority=0,
            created_at=NOW, queued_at=NOW, started_at=NOW, ended_at=None, attempts=1,
        )  # fmt: skip

    async def make(
        self, files: Mapping[str, str | bytes], wanted: Dockerfile | None = None, *,
        links: Mapping[str, str] = {}, secrets: Mapping[str, str] = {}, trust: Trust = Trust.PROJECT,
    ) -> Image:  # fmt: skip
        """Build a commit of these files, with a log of its own."""
        self.log = MemoryBuildLog()
        build = self.build(await self.commit(files, links=links), trust=trust)
        path = self.repositories.path(self.project_id)
        job = Job(
            build=build, plan=Plan(Strategy.DOCKERFILE, dockerfile=wanted), base="", domain=keys.domain(build),
            tree=await self.reading.look(path, build.commit, Bounds(10_000, 100 << 20)), environment={},
            secrets=secrets,
        )  # fmt: skip
        return await self.making.make(job, self.log)

    @property
    def printed(self) -> str:
        return "".join(step.out.decode(errors="replace") for step in self.log.steps)


@pytest.fixture
async def workshop(engine: Engine, project_image: str, settings: Settings, tmp_path: Path) -> AsyncIterator[Workshop]:
    settings = settings.model_copy(update={"docker_host": engine.url, "docker_image": project_image})
    client = Client(engine.url)
    (settings.run_dir).mkdir(exist_ok=True)
    yield Workshop(settings, client, tmp_path / "trees", building.base_name(debian.own_suite()))
    await client.close()
