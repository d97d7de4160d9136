"""Projects with repositories, and the queue of builds beside them, on a real database."""

from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from firefly.audit import Audit
from firefly.auth import Account, Identity
from firefly.builds.asking.builds import Builds
from firefly.builds.asking.commits import Commits
from firefly.builds.asking.heads import Heads
from firefly.builds.asking.pushing import PushedBuilds
from firefly.builds.asking.schedules import Schedules
from firefly.builds.model import Build, NewBuild, Trigger
from firefly.builds.queueing.queue import Queue
from firefly.builds.queueing.records import Records
from firefly.builds.queueing.sweeping import Sweeping
from firefly.builds.telling.notices import Notices
from firefly.bus import Bus
from firefly.git import Git, Pushes, Repositories
from firefly.projects import Access, Projects
from firefly.projects import Records as ProjectRecords
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.git import support

EVERYTHING = frozenset({"read", "write", "admin", "git"})


class Yard:
    """`folder` holds the hosted repositories, and a working copy of each project, by its name."""

    def __init__(self, database: Database, bus: Bus, clock: ManualClock, folder: Path) -> None:
        self.database, self.bus, self.clock, self.folder = database, bus, clock, folder
        self.audit = Audit(database)
        (folder / "home").mkdir()
        self.git = Git(folder / "home")
        self.repositories = Repositories(folder / "repositories", self.git)
        self.notices = Notices()
        self.records = Records(database, bus, clock, self.notices)
        self.queue = Queue(self.records)
        self.commits = Commits(git=self.git, repositories=self.repositories)
        self.schedules = Schedules(records=self.records, queue=self.queue, commits=self.commits)
        self.heads = Heads(records=self.records, queue=self.queue, schedules=self.schedules)
        self.projects = Projects(
            records=ProjectRecords(database, bus), access=Access(self.audit, clock), audit=self.audit, clock=clock,
            creation=cast(Any, None), removal=cast(Any, None), routes=cast(Any, None), workspaces=cast(Any, None),
        )  # fmt: skip
        self.builds = Builds(
            records=self.records, queue=self.queue, heads=self.heads, commits=self.commits, projects=self.projects,
            audit=self.audit,
        )  # fmt: skip
        self.pushes = Pushes(database=database, bus=bus, repositories=self.repositories)
        self.pushes.recorder = PushedBuilds(heads=self.heads, commits=self.commits, url="http://firefly.example")
        self.sweeping = Sweeping(
            records=self.records, heads=self.heads, commits=self.commits, repositories=self.repositories
        )

    async def person(self, name: str) -> Identity:
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "insert into accounts (name, display_name) values ($1, $1) returning *", name
            )
        assert row is not None
        return Identity(Account.from_row(dict(row)), EVERYTHING, "session")

    async def project(self, owner: Identity, name: str = "garden", *, visibility: str = "members") -> UUID:
        """Without a repository."""
        project_id = uuid4()
        async with self.database.connection() as connection:
            await connection.execute(
                "insert into projects (id, owner_id, name, visibility) values ($1, $2, $3, $4)",
                project_id, owner.account.id, name, visibility,
            )  # fmt: skip
        await self.join(project_id, owner, "owner")
        return project_id

    async def join(self, project_id: UUID, who: Identity, role: str) -> None:
        async with self.database.connection() as connection:
            await connection.execute(
                "insert into members (project_id, account_id, role) values ($1, $2, $3)",
                project_id, who.account.id, role,
            )  # fmt: skip

    async def repository(self, project_id: UUID) -> Path:
        """A working copy with one commit, which is on main of the hosted repository."""
        bare = await self.repositories.create(project_id)
        copy = support.history(self.folder / project_id.hex)
        support.git(copy, "remote", "add", "origin", str(bare))
        support.git(copy, "push", "-q", "origin", "main")
        return copy

    async def ask(self, project_id: UUID, commit: str = "a" * 40, ref: str = "refs/heads/main", **more: Any) -> Build:
        self.clock.advance(0.001)
        return await self.builds.request(
            NewBuild(project_id=project_id, ref=ref, commit=commit, **({"trigger": Trigger.PUSH} | more))
        )

    async def state(self, build: Build) -> str:
        found = await self.records.find(build.id)
        assert found is not None
        return found.state

    async def execute(self, statement: str, *values: object) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *values)

    async def value(self, query: str, *values: object) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *values)
