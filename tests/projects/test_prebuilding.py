"""Prebuilds: asked for by pushes, made one at a time, begun on, and never with history that somebody removed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from firefly.auth import Identity
from firefly.projects import Catalogue, CreateProject, Prebuild, Project
from firefly.projects.seams import Prepared
from tests.git.support import commit, git
from tests.support.waiting import eventually

from .house import House


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.projects.prebuild_making.QUIET", 0)


@pytest.fixture
async def working(house: House) -> AsyncIterator[None]:
    """Prebuilds under way; those of the templates are done."""
    await house.preparation.open()
    house.bridge.may_prepare.set()
    task = asyncio.create_task(house.prebuilds.run())
    await eventually(lambda: len(house.backend.layers) == len(house.preparation.installing()))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def shop(house: House, ada: Identity) -> Project:
    """Has a package.json; its workspace was made without a layer."""
    return (await house.projects.create(ada, CreateProject(name="shop", template="express"))).project


async def push(house: House, project: Project, tmp_path: Path, name: str, *, force: bool = False) -> str:
    """Commit a file and let the server record the push, with the first commit or upon the last one."""
    clone = tmp_path / "clone"
    bare = str(house.repositories.path(project.id))
    if not clone.exists():
        git(tmp_path, "clone", "-q", bare, "clone")
    if force:
        git(clone, "reset", "-q", "--hard", "HEAD~1")
    made = commit(clone, name)
    git(clone, "push", "-q", "--force", bare, "main")
    await house.bus.publish("events", "push.recorded", {"project_id": str(project.id), "refs": ["refs/heads/main"]})
    return made


async def prebuild(house: House, ada: Identity, origin: str) -> Prebuild:
    """Of a commit, once it has ended."""

    async def ended() -> Prebuild | None:
        found = await house.prebuilds.list(ada, house.projects, "ada", "shop")
        return next((one for one in found if one.origin == origin and one.finished_at), None)

    found = await eventually(ended)
    assert found is not None
    return found


async def layer_of(house: House, workspace_id: UUID | None) -> UUID | None:
    async with house.database.connection() as connection:
        found = await connection.fetchval("select layer_id from workspaces where id = $1", workspace_id)
    return UUID(str(found)) if found else None


@pytest.mark.usefixtures("working")
async def test_a_project_begins_on_the_layer_of_its_template(house: House, ada: Identity) -> None:
    project = (await house.projects.create(ada, CreateProject(name="shop", template="fastapi"))).project
    plain = (await house.projects.create(ada, CreateProject(name="plain", template="static"))).project

    assert await layer_of(house, project.workspace_id) == await house.prebuilds.of_template("fastapi")
    assert project.workspace_id not in house.bridge.filled
    assert ("/", "/src/main.jsx") in house.bridge.warmed
    assert await layer_of(house, plain.workspace_id) is None


async def test_a_push_makes_a_layer_on_which_remixes_begin(
    house: House, ada: Identity, shop: Project, working: None, tmp_path: Path
) -> None:
    made = await prebuild(house, ada, await push(house, shop, tmp_path, "a.txt"))

    assert (made.state, made.reason, made.log) == ("succeeded", "Everything is installed.", "added 1 package")
    layer_id = await house.prebuilds.of_project(shop.id)
    assert layer_id is not None
    # A project's own application is not run for others.
    assert len(house.bridge.warmed) == sum(bool(template.warm) for template in Catalogue().list())
    # What it was made in is gone; only projects' workspaces are left.
    async with house.database.connection() as connection:
        assert await connection.fetchval("select count(*) from workspaces") == 1
    remix = (await house.projects.create(ada, CreateProject(name="mine", remix_of="ada/shop"))).project
    assert await layer_of(house, remix.workspace_id) == layer_id
    # The next one lies on it, and when nothing else does, the older ones go together with it.
    await prebuild(house, ada, await push(house, shop, tmp_path, "b.txt"))
    await house.layers.sweep()
    async with house.database.connection() as connection:
        depths = await connection.fetch("select depth from layers where project_id = $1 order by depth", shop.id)
    assert [row["depth"] for row in depths] == [1, 2]
    assert await house.layers.used() == (len(house.preparation.installing()) + 2) << 20
    await house.projects.delete(ada, "ada", "mine")
    await house.projects.delete(ada, "ada", "shop")
    for project in (remix, shop):
        await house.removal.purge(project.id, project.workspace_id)
    assert await house.layers.sweep() == 2


async def test_a_newer_push_cancels_what_is_being_made(
    house: House, ada: Identity, shop: Project, working: None, tmp_path: Path
) -> None:
    house.bridge.may_prepare.clear()
    house.bridge.preparing.clear()
    first = await push(house, shop, tmp_path, "a.txt")
    await house.bridge.preparing.wait()
    second = await push(house, shop, tmp_path, "b.txt")
    assert (await prebuild(house, ada, first)).state == "cancelled"
    house.bridge.may_prepare.set()
    assert (await prebuild(house, ada, second)).state == "succeeded"


async def test_one_that_fails_says_why_and_leaves_no_layer(
    house: House, ada: Identity, shop: Project, working: None, tmp_path: Path
) -> None:
    house.bridge.prepared = Prepared(False, "npm ci failed with exit status 1.", 1, "npm error 404")
    made = await prebuild(house, ada, await push(house, shop, tmp_path, "a.txt"))

    assert (made.state, made.reason, made.log) == ("failed", "npm ci failed with exit status 1.", "npm error 404")
    assert await house.prebuilds.of_project(shop.id) is None


async def test_a_layer_with_history_that_was_removed_is_begun_on_by_nobody(
    house: House, ada: Identity, shop: Project, working: None, tmp_path: Path
) -> None:
    await prebuild(house, ada, await push(house, shop, tmp_path, "password.txt"))
    assert await house.prebuilds.of_project(shop.id) is not None
    await prebuild(house, ada, await push(house, shop, tmp_path, "a.txt", force=True))

    ready = await house.layers.of_project(shop.id)
    assert ready is not None
    assert ready.depth == 1
    git(tmp_path / "clone", "push", "-q", "--force", str(house.repositories.path(shop.id)), "HEAD~1:main")
    assert await house.prebuilds.of_project(shop.id) is None


@pytest.mark.usefixtures("working")
async def test_what_saves_nobody_time_is_not_made(house: House, ada: Identity, tmp_path: Path) -> None:
    plain = (await house.projects.create(ada, CreateProject(name="shop", template="static"))).project
    await push(house, plain, tmp_path, "a.txt")
    made = await push(house, plain, tmp_path, "package.json")

    assert [one.origin for one in [await prebuild(house, ada, made)]] == [made]
    assert len(await house.prebuilds.list(ada, house.projects, "ada", "shop")) == 1
