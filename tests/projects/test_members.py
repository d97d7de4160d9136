"""Members: who adds whom, and the owner that always stays."""

import asyncio

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict, Forbidden, NotFound
from firefly.projects import CreateProject, Project, Role, UpdateProject

from .house import House

HERE = ("ada", "garden")


@pytest.fixture
async def garden(house: House, ada: Identity) -> Project:
    return (await house.projects.create(ada, CreateProject(name="garden", template="static"))).project


async def roles(house: House, who: Identity) -> dict[str, Role]:
    return {member.name: member.role for member in await house.members.list(who, *HERE)}


async def test_a_new_member_sees_the_project_and_may_what_the_role_says(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    member = await house.members.put(ada, *HERE, "bob", Role.VIEWER)

    assert (member.name, member.display_name, member.role) == ("bob", "Bob", Role.VIEWER)
    assert (await house.projects.get(bob, *HERE)).role is Role.VIEWER
    assert [project.id for project in (await house.projects.list(bob)).projects] == [garden.id]
    with pytest.raises(Forbidden):
        await house.projects.update(bob, *HERE, UpdateProject(description="mine"))
    assert house.last_event("members.changed")["member"] == "bob"


@pytest.mark.usefixtures("garden")
async def test_lists_by_rank_then_name(house: House, ada: Identity, bob: Identity) -> None:
    for name, role in (("zoe", Role.VIEWER), ("eve", Role.VIEWER), ("bob", Role.EDITOR)):
        await house.person(name)
        await house.members.put(ada, *HERE, name, role)

    assert list(await roles(house, bob)) == ["ada", "bob", "eve", "zoe"]


@pytest.mark.usefixtures("garden")
async def test_outsiders_see_no_members(house: House, bob: Identity) -> None:
    with pytest.raises(NotFound):
        await house.members.list(bob, *HERE)


@pytest.mark.usefixtures("garden")
async def test_an_unknown_account_is_said(house: House, ada: Identity) -> None:
    with pytest.raises(NotFound, match="no account named nobody"):
        await house.members.put(ada, *HERE, "nobody", Role.VIEWER)


@pytest.mark.usefixtures("garden")
async def test_maintainers_manage_everyone_but_owners(house: House, ada: Identity, bob: Identity) -> None:
    await house.person("eve")
    await house.members.put(ada, *HERE, "bob", Role.MAINTAINER)
    await house.members.put(bob, *HERE, "eve", Role.EDITOR)
    for name, role in (("eve", Role.OWNER), ("bob", Role.OWNER), ("ada", Role.VIEWER)):
        with pytest.raises(Forbidden, match="Only an owner"):
            await house.members.put(bob, *HERE, name, role)
    with pytest.raises(Forbidden, match="Only an owner"):
        await house.members.remove(bob, *HERE, "ada")

    assert await roles(house, ada) == {"ada": Role.OWNER, "bob": Role.MAINTAINER, "eve": Role.EDITOR}


@pytest.mark.usefixtures("garden")
async def test_editors_manage_nobody(house: House, ada: Identity, bob: Identity) -> None:
    await house.person("eve")
    await house.members.put(ada, *HERE, "bob", Role.EDITOR)
    with pytest.raises(Forbidden):
        await house.members.put(bob, *HERE, "eve", Role.VIEWER)


@pytest.mark.usefixtures("garden")
async def test_the_last_owner_stays(house: House, ada: Identity, bob: Identity) -> None:
    with pytest.raises(Conflict, match="needs an owner"):
        await house.members.remove(ada, *HERE, "ada")
    with pytest.raises(Conflict, match="needs an owner"):
        await house.members.put(ada, *HERE, "ada", Role.EDITOR)
    await house.members.put(ada, *HERE, "bob", Role.OWNER)
    await house.members.remove(ada, *HERE, "ada")

    assert await roles(house, bob) == {"bob": Role.OWNER}


@pytest.mark.usefixtures("garden")
async def test_two_owners_who_leave_at_once_do_not_both(house: House, ada: Identity, bob: Identity) -> None:
    await house.members.put(ada, *HERE, "bob", Role.OWNER)
    results = await asyncio.gather(
        house.members.remove(ada, *HERE, "ada"), house.members.remove(bob, *HERE, "bob"), return_exceptions=True
    )

    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]


async def test_whoever_leaves_loses_access_and_grants(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    await house.members.put(ada, *HERE, "bob", Role.VIEWER)
    await house.members.remove(bob, *HERE, "bob")

    assert house.revoked == [(garden.id, bob.account.id)]
    with pytest.raises(NotFound):
        await house.projects.get(bob, *HERE)


async def test_a_lower_role_ends_what_was_opened_with_the_higher_one(
    house: House, ada: Identity, bob: Identity, garden: Project
) -> None:
    for role in (Role.VIEWER, Role.EDITOR, Role.EDITOR):
        await house.members.put(ada, *HERE, "bob", role)
    assert house.revoked == []
    await house.members.put(ada, *HERE, "bob", Role.VIEWER)

    assert house.revoked == [(garden.id, bob.account.id)]


@pytest.mark.usefixtures("garden")
async def test_removing_a_stranger_is_said(house: House, ada: Identity, bob: Identity) -> None:
    with pytest.raises(NotFound, match="not a member"):
        await house.members.remove(ada, *HERE, "bob")


@pytest.mark.usefixtures("garden")
async def test_changes_are_written_down(house: House, ada: Identity, bob: Identity) -> None:
    await house.members.put(ada, *HERE, "bob", Role.EDITOR)
    await house.members.remove(ada, *HERE, "bob")

    assert [entry.action for entry in await house.audit.list(2)] == ["member.removed", "member.put"]
