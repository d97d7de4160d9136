"""What sandboxes of builds and sites are started with: by whose code it is."""

from uuid import UUID, uuid4

import pytest

from firefly.adapters.sites import BuiltSpecs
from firefly.builds.sites import SiteRecords
from firefly.sandbox.backend import SandboxSpec
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock


class Others:
    """Specs as of workspaces that nobody has; `owned` is somebody's."""

    def __init__(self) -> None:
        self.owned: UUID | None = None

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        return SandboxSpec(workspace_id, 5, trusted=True, owner="eve" if workspace_id == self.owned else "")


@pytest.mark.parametrize(
    ("administrator", "trust", "trusted"),
    [(True, "project", True), (True, "fork", False), (False, "project", False), (False, "fork", False)],
)
async def test_only_an_administrators_own_code_is_trusted_and_none_counts_with_workspaces(
    database: Database, clock: ManualClock, administrator: bool, trust: str, trusted: bool
) -> None:
    owner, project, build, workspace = uuid4(), uuid4(), uuid4(), uuid4()
    async with database.connection() as connection:
        await connection.execute(
            "insert into accounts (id, name, display_name, is_administrator) values ($1, 'ada', 'Ada', $2)",
            owner, administrator,
        )  # fmt: skip
        await connection.execute("insert into projects (id, owner_id, name) values ($1, $2, 'shop')", project, owner)
        await connection.execute("insert into workspaces (id) values ($1)", workspace)
        await connection.execute(
            "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, trust)"
            " values ($1, $2, 1, 'refs/heads/main', repeat('a', 40), 'push', 'running', now(), $3)",
            build, project, trust,
        )  # fmt: skip
        await connection.execute(
            "insert into build_workspaces (workspace_id, build_id, purpose, created_at)"
            " values ($1, $2, 'build', now())",
            workspace, build,
        )  # fmt: skip
    others = Others()
    specs = BuiltSpecs(others, SiteRecords(database, MemoryBus(), clock, domain="preview.localhost"))
    made = await specs.spec(workspace)
    assert (made.trusted, made.owner, made.bounded) == (trusted, "ada/builds", False)
    assert made.environment["FIREFLY_PROJECT"] == "ada/shop"
    # What is nobody's yet, and what is somebody's own, is left as it is.
    nobodys, others.owned = await specs.spec(uuid4()), workspace
    assert (nobodys.trusted, nobodys.owner) == (True, "")
    assert (await specs.spec(workspace)).owner == "eve"
