"""Repositories in a temporary folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.artifacts import FileArtifactStore
from firefly.clock import SystemClock
from firefly.git import Copies, Gateway, Git, Maintenance, Pushes, PushRecorded, Repositories, Shadows, SmartHTTP
from firefly.store import Database
from firefly.testing.bus import MemoryBus


@pytest.fixture
def tool(tmp_path: Path) -> Git:
    home = tmp_path / "home"
    home.mkdir()
    return Git(home)


@pytest.fixture
def repositories(tmp_path: Path, tool: Git) -> Repositories:
    return Repositories(tmp_path / "repositories", tool)


class Listener:
    """Answers each push with `lines`, and keeps it."""

    def __init__(self) -> None:
        self.pushes: list[PushRecorded] = []
        self.lines: list[str] = ["The workspace was updated."]

    async def pushed(self, push: PushRecorded) -> list[str]:
        self.pushes.append(push)
        return self.lines


@dataclass
class Hosted:
    """One project's empty repository, and all that serves it."""

    project_id: UUID
    account_id: UUID
    repositories: Repositories
    maintenance: Maintenance
    pushes: Pushes
    smart_http: SmartHTTP
    listener: Listener
    bus: MemoryBus
    database: Database
    tool: Git

    async def rows(self) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch("select * from pushes order by created_at")]


@pytest.fixture
async def hosted(database: Database, repositories: Repositories, tool: Git) -> Hosted:
    project_id, account_id = uuid4(), uuid4()
    async with database.connection() as connection:
        await connection.execute("insert into accounts (id, name, display_name) values ($1, 'ada', 'Ada')", account_id)
        await connection.execute(
            "insert into projects (id, owner_id, name) values ($1, $2, 'garden')", project_id, account_id
        )
    await repositories.create(project_id)
    bus, listener = MemoryBus(), Listener()
    maintenance = Maintenance(git=tool, repositories=repositories, most_packs=4)
    pushes = Pushes(database=database, bus=bus, repositories=repositories, maintenance=maintenance)
    smart = SmartHTTP(git=tool, repositories=repositories, pushes=pushes, listener=listener)
    return Hosted(project_id, account_id, repositories, maintenance, pushes, smart, listener, bus, database, tool)


async def second(_: UUID) -> int:
    """The epoch of every workspace, where nothing hangs on it."""
    return 2


def shadows_of(hosted: Hosted) -> Shadows:
    return Shadows(git=hosted.tool, maintenance=hosted.maintenance, epoch_of=second)


def copies_of(hosted: Hosted, shadows: Shadows, folder: Path) -> Copies:
    """Copies in an artifact store below `folder`."""
    artifacts = FileArtifactStore(folder / "artifacts")
    return Copies(database=hosted.database, artifacts=artifacts, clock=SystemClock(), check_epoch=shadows.check_epoch)


def gateway_of(
    hosted: Hosted,
    folder: Path,
    *,
    shadows: Shadows | None = None,
    project_of: Callable[[UUID], UUID | None] | None = None,
    reads_only: Callable[[UUID], bool] = lambda _: False,
) -> Gateway:
    """A gateway whose workspaces are all of the hosted project, unless `project_of` says of which."""

    async def find(workspace_id: UUID) -> UUID | None:
        return project_of(workspace_id) if project_of else hosted.project_id

    shadows = shadows or shadows_of(hosted)
    return Gateway(
        git=hosted.tool, repositories=hosted.repositories, pushes=hosted.pushes, project_of=find, shadows=shadows,
        copies=copies_of(hosted, shadows, folder), reads_only=reads_only,
    )  # fmt: skip
