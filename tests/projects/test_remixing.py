"""Remixes: who may make them, what they begin with, and that nothing comes along that makes the source somebody's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from firefly.auth import Identity
from firefly.errors import InvalidInput
from firefly.projects import CreateProject, Job, JobState, Project, Role, UpdateProject, Visibility

from .house import House, ended


@pytest.fixture
async def garden(house: House, ada: Identity) -> Project:
    return (await house.projects.create(ada, CreateProject(name="garden", template="static"))).project


async def remixed(house: House, who: Identity, name: str = "mine", of: str = "ada/garden") -> tuple[Project, Job]:
    created = await house.projects.create(who, CreateProject(name=name, remix_of=of))
    return created.project, await ended(house, who, created)


async def test_has_the_history_and_what_was_not_committed(house: House, ada: Identity, garden: Project) -> None:
    project, job = await remixed(house, ada)
    head = (await house.repositories.refs(garden.id))["refs/heads/main"]

    assert job.state is JobState.SUCCEEDED
    assert await house.repositories.refs(project.id) == {"refs/heads/main": head}
    assert project.workspace_id is not None
    assert house.bridge.filled[project.workspace_id] == f"all since {head}"
    assert project.workspace_id != garden.workspace_id
    assert house.routes.hosts["ada/mine"] is Visibility.MEMBERS


async def test_lineage_is_kept_for_whoever_may_see_it(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    project, _ = await remixed(house, ada)
    await house.projects.update(ada, "ada", "mine", UpdateProject(visibility=Visibility.PUBLIC))

    assert (await house.projects.get(ada, "ada", "mine")).remix_of == "ada/garden"
    assert (await house.projects.get(ada, "ada", "garden")).remixes == 1
    assert (await house.projects.get(bob, "ada", "mine")).remix_of is None
    await house.projects.update(ada, "ada", "garden", UpdateProject(name="park", visibility=Visibility.PUBLIC))
    assert (await house.projects.get(bob, "ada", "mine")).remix_of == "ada/park"
    assert (await house.projects.get(None, "ada", "park")).remixes == 1
    await house.projects.delete(ada, "ada", "park")
    assert (await house.projects.get(ada, "ada", "mine")).remix_of is None
    assert project.remix_of == "ada/garden"


async def test_whoever_may_read_may_remix_and_nobody_else(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    with pytest.raises(InvalidInput, match="no such project"):
        await remixed(house, bob)
    with pytest.raises(InvalidInput, match="no such project"):
        await remixed(house, bob, of="ada/nothing")
    await house.members.put(ada, "ada", "garden", "bob", Role.VIEWER)
    project, job = await remixed(house, bob)

    assert (job.state, project.path, project.role) == (JobState.SUCCEEDED, "bob/mine", Role.OWNER)


async def test_visitors_take_along_what_visitors_see(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    await house.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.PUBLIC))
    project, _ = await remixed(house, bob)

    assert project.workspace_id is not None
    assert house.bridge.filled[project.workspace_id].startswith("published since")


async def test_a_source_that_does_not_start_is_remixed_as_it_was_pushed(
    house: House, ada: Identity, garden: Project
) -> None:
    assert garden.workspace_id is not None
    house.bridge.asleep.add(garden.workspace_id)
    project, job = await remixed(house, ada)

    assert job.state is JobState.SUCCEEDED
    assert "It does not start." in job.steps[-1].detail
    assert project.workspace_id is not None
    assert house.bridge.filled[project.workspace_id] == "clone"


async def test_one_that_fails_leaves_nothing_and_the_name_free(house: House, ada: Identity, garden: Project) -> None:
    house.bridge.fails = "The bridge did not answer."
    project, job = await remixed(house, ada)
    house.bridge.fails = ""

    assert (job.state, job.error) == (JobState.FAILED, "The bridge did not answer.")
    assert project.workspace_id in house.workspaces.removed
    assert len(house.repositories_on_disk()) == 1
    assert (await remixed(house, ada))[1].state is JobState.SUCCEEDED


async def test_no_row_of_the_source_comes_along(house: House, ada: Identity, bob: Identity, garden: Project) -> None:
    """Every table that has a project in it: what the remix has there is what any new project has."""
    await house.members.put(ada, "ada", "garden", "bob", Role.MAINTAINER)
    async with house.database.connection() as connection:
        await connection.execute(
            "insert into project_names (owner_id, name, project_id, reserved_until) values ($1, 'old', $2, now())",
            ada.account.id,
            garden.id,
        )
        await house.secrets.put(garden.id, "API_KEY", "hidden", by_id=ada.account.id, connection=connection)
    plain = (await house.projects.create(ada, CreateProject(name="plain", template="static"))).project
    project, _ = await remixed(house, ada)

    counted, expected = await rows_of(house, project.id), await rows_of(house, plain.id)
    assert (counted.pop("jobs"), counted.pop("project_secrets")) == (1, 1)
    assert counted == {table: count for table, count in expected.items() if table not in ("jobs", "project_secrets")}
    assert [(one.name, one.size) for one in await house.secrets.list(project.id)] == [("API_KEY", 0)]
    assert await house.secrets.environment(project.id) == {}
    assert (await rows_of(house, garden.id))["members"] == 2


async def rows_of(house: House, project_id: UUID) -> dict[str, int]:
    """How many rows each table has of a project."""
    tables = "select table_name from information_schema.columns where column_name = 'project_id' and table_schema = $1"
    async with house.database.connection() as connection:
        names = [str(row[0]) for row in await connection.fetch(tables, "public")]
        found = {
            name: await connection.fetchval(f"select count(*) from {name} where project_id = $1", project_id)
            for name in sorted(names)
        }
    return {name: int(count or 0) for name, count in found.items()}


async def test_a_source_that_breaks_off_fails_the_job(
    house: House, ada: Identity, garden: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def changes(workspace_id: UUID, *, base: str, published: bool) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise InvalidInput("It ended too soon.")

        yield pieces()

    monkeypatch.setattr(house.bridge, "changes", changes)
    _, job = await remixed(house, ada)
    assert (job.state, job.error) == (JobState.FAILED, "It ended too soon.")
