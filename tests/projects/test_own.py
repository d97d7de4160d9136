"""Members' own workspaces: who may open, enter, see and discard them, and what happens to them with their project."""

from datetime import timedelta
from pathlib import Path

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable
from firefly.projects import CreateProject, JobState, Opened, Project, Role, UpdateProject, Visibility
from tests.git.support import commit, git
from tests.support.waiting import eventually

from .house import House


@pytest.fixture
async def shop(house: House, ada: Identity, bob: Identity) -> Project:
    """Of ada; bob may change its files."""
    made = (await house.projects.create(ada, CreateProject(name="shop", template="static"))).project
    await house.members.put(ada, "ada", "shop", "bob", Role.EDITOR)
    return made


async def opened(house: House, who: Identity) -> Opened:
    """One's own workspace of the shop, once it is filled."""
    found = await house.own.open(who, "ada", "shop")
    if found.job is not None:
        job_id = found.job.id

        async def ended() -> bool:
            return (await house.jobs.get(who, job_id)).state.ended

        await eventually(ended)
    return found


async def as_seen(house: House, who: Identity) -> Project:
    return await house.projects.get(who, "ada", "shop")


async def shadow(house: House, project: Project, workspace_id: object, tmp_path: Path) -> None:
    """A checkpoint as the bridge makes it: one commit that was not pushed, and one more changed file."""
    clone, bare = tmp_path / "clone", str(house.repositories.path(project.id))
    git(tmp_path, "clone", "-q", bare, "clone")
    head = commit(clone, "pushed-never.txt")
    (clone / "draft.txt").write_text("an idea")
    git(clone, "add", "draft.txt")
    git(clone, "commit", "-q", "-m", f"Checkpoint\n\nBranch: refs/heads/main\nHead: {head}\n")
    git(clone, "push", "-q", bare, f"HEAD:refs/firefly/{workspace_id}/main")


async def test_a_member_opens_one_of_his_own_beside_the_shared_one(house: House, shop: Project, bob: Identity) -> None:
    first = await opened(house, bob)

    own = first.workspace
    assert first.job is not None
    assert house.bridge.filled[own.workspace_id] == "clone"
    assert house.routes.shows["ada/shop/bob"] == own.workspace_id
    assert house.routes.shows["ada/shop"] == shop.workspace_id
    facts = house.bridge.configured[-1]
    assert (facts.member, facts.payer, facts.is_bounded, facts.label) == ("bob", "bob", True, facts.label)
    entered = await house.own.enter(bob, await as_seen(house, bob), "bob")
    assert (entered.workspace_id, entered.member) == (own.workspace_id, "bob")
    again = await house.own.open(bob, "ada", "shop")
    assert (again.job, again.workspace.workspace_id) == (None, own.workspace_id)


async def test_viewers_strangers_and_other_members_stay_out(
    house: House, shop: Project, ada: Identity, bob: Identity
) -> None:
    eve, root = await house.person("eve"), await house.person("root", administrator=True)
    await house.members.put(ada, "ada", "shop", "eve", Role.VIEWER)
    await opened(house, bob)
    with pytest.raises(Forbidden, match="viewer"):
        await house.own.open(eve, "ada", "shop")
    with pytest.raises(Forbidden, match="Only members"):
        await house.own.open(root, "ada", "shop")
    with pytest.raises(NotFound):
        await house.own.open(await house.person("mallory"), "ada", "shop")
    for who in (ada, eve, root):
        with pytest.raises(Forbidden):
            await house.own.enter(who, await as_seen(house, who), "bob")
    with pytest.raises(Unauthenticated):
        await house.own.enter(None, shop, "bob")
    with pytest.raises(Forbidden):
        await house.own.oversee(eve, await as_seen(house, eve), "bob")
    # Owners see all of them, everybody else his own.
    assert [one.member for one in await house.own.list(ada, "ada", "shop")] == ["bob"]
    assert [one.member for one in await house.own.list(root, "ada", "shop")] == ["bob"]
    assert await house.own.list(eve, "ada", "shop") == []
    assert (await house.own.oversee(ada, await as_seen(house, ada), "bob")).member == "bob"


async def test_one_that_cannot_be_filled_is_taken_back(house: House, shop: Project, bob: Identity) -> None:
    house.bridge.fails = "It does not start."
    failed = await opened(house, bob)
    assert failed.job is not None
    assert (await house.jobs.get(bob, failed.job.id)).state is JobState.FAILED
    assert await house.own.list(bob, "ada", "shop") == []
    assert "ada/shop/bob" not in house.routes.hosts
    assert failed.workspace.workspace_id in house.workspaces.removed
    house.bridge.fails = ""
    assert (await opened(house, bob)).workspace.workspace_id != failed.workspace.workspace_id


async def test_one_that_cannot_be_entered_leaves_nothing(house: House, shop: Project, bob: Identity) -> None:
    house.routes.fails = "The routes cannot be written."
    with pytest.raises(Unavailable, match="routes"):
        await house.own.open(bob, "ada", "shop")
    assert await house.own.list(bob, "ada", "shop") == []
    assert len(house.workspaces.removed) == 1
    assert await house.jobs.list(bob) == ()


async def test_one_that_a_server_stopped_to_fill_is_filled_afresh(house: House, shop: Project, bob: Identity) -> None:
    await house.jobs.close()
    begun = await house.own.open(bob, "ada", "shop")
    with pytest.raises(Unavailable, match="being opened"):
        await house.own.enter(bob, await as_seen(house, bob), "bob")
    await house.jobs.close()
    async with house.database.connection() as connection:
        await connection.execute("update jobs set state = 'running' where kind = 'workspace'")
    await house.jobs.open()
    await opened(house, bob)
    fresh = await house.own.find(bob, "ada", "shop", "bob")
    assert fresh.workspace_id != begun.workspace.workspace_id
    assert house.routes.shows["ada/shop/bob"] == fresh.workspace_id
    assert begun.workspace.workspace_id in house.workspaces.removed


async def test_whoever_leaves_is_locked_out_at_once_and_the_owner_discards_what_is_left(
    house: House, shop: Project, ada: Identity, bob: Identity, tmp_path: Path
) -> None:
    own = (await opened(house, bob)).workspace
    await house.members.put(ada, "ada", "shop", "bob", Role.VIEWER)
    assert "ada/shop/bob" not in house.routes.hosts
    assert "bob may not change files" in house.workspaces.stopped[own.workspace_id]
    with pytest.raises(Forbidden):
        await house.own.enter(bob, await as_seen(house, bob), "bob")
    await house.members.put(ada, "ada", "shop", "bob", Role.EDITOR)
    assert house.routes.shows["ada/shop/bob"] == own.workspace_id

    await house.members.remove(ada, "ada", "shop", "bob")
    assert "ada/shop/bob" not in house.routes.hosts
    assert [(one.member, one.open) for one in await house.own.list(ada, "ada", "shop")] == [("bob", False)]
    await shadow(house, shop, own.workspace_id, tmp_path)
    with pytest.raises(Conflict, match=r"1 changed file not committed \(draft.txt\), 1 commit not pushed"):
        await house.own.discard(ada, "ada", "shop", "bob", anyway=False)
    await house.own.discard(ada, "ada", "shop", "bob", anyway=True)
    assert own.workspace_id in house.workspaces.removed
    assert not [ref for ref in await house.repositories.refs(shop.id) if ref.startswith("refs/firefly/")]
    assert await house.own.list(ada, "ada", "shop") == []


async def test_only_its_member_and_owners_discard_one(
    house: House, shop: Project, ada: Identity, bob: Identity
) -> None:
    carol = await house.person("carol")
    await house.members.put(ada, "ada", "shop", "carol", Role.MAINTAINER)
    own = (await opened(house, bob)).workspace
    with pytest.raises(Forbidden):
        await house.own.discard(carol, "ada", "shop", "bob", anyway=True)
    house.workspaces.running_ones.add(own.workspace_id)
    house.workspaces.unsaved = "the disk is full."
    with pytest.raises(Conflict, match="the disk is full"):
        await house.own.discard(bob, "ada", "shop", "bob", anyway=False)
    house.workspaces.unsaved = ""
    await house.own.discard(bob, "ada", "shop", "bob", anyway=False)
    with pytest.raises(NotFound):
        await house.own.discard(bob, "ada", "shop", "bob", anyway=False)


async def test_they_share_the_fate_of_their_project(house: House, shop: Project, ada: Identity, bob: Identity) -> None:
    own = (await opened(house, bob)).workspace
    await house.projects.update(ada, "ada", "shop", UpdateProject(name="store", visibility=Visibility.PUBLIC))
    assert house.routes.hosts["ada/store/bob"] is Visibility.PUBLIC
    assert house.routes.hosts["ada/shop/bob"] is None
    assert {facts.name for facts in house.bridge.configured[-2:]} == {"store"}
    await house.projects.delete(ada, "ada", "store")
    assert house.workspaces.stopped[own.workspace_id] == "The project was deleted."
    assert "ada/store/bob" not in house.routes.hosts
    await house.projects.restore(ada, "ada", "store")
    assert house.routes.shows["ada/store/bob"] == own.workspace_id
    await house.projects.delete(ada, "ada", "store")
    house.clock.advance(timedelta(days=31).total_seconds())
    assert await house.projects.expire() == 1
    assert {own.workspace_id, shop.workspace_id} <= set(house.workspaces.removed)
