"""Projects found, listed, renamed, described, deleted and restored."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.errors import Forbidden, InvalidInput, Moved, NameTaken, NotFound, Unauthenticated, Unavailable
from firefly.projects import Action, CreateProject, Project, Role, UpdateProject, Visibility
from firefly.store import Connection

from .house import House

DAY = 86400.0


async def make(house: House, who: Identity, name: str = "garden", **more: object) -> Project:
    request = CreateProject(name=name, template="static", **more)  # type: ignore[arg-type]
    return (await house.projects.create(who, request)).project


async def test_outsiders_cannot_tell_a_private_project_from_none(house: House, ada: Identity, bob: Identity) -> None:
    await make(house, ada)
    details = set()
    for who in (bob, None):
        for name in ("garden", "nothing"):
            with pytest.raises(NotFound) as unknown:
                await house.projects.get(who, "ada", name)
            details.add((type(unknown.value), unknown.value.detail))

    assert len(details) == 1


async def test_anyone_reads_a_public_project(house: House, ada: Identity, bob: Identity) -> None:
    await make(house, ada, visibility=Visibility.PUBLIC)

    assert (await house.projects.get(None, "ada", "garden")).role is None
    assert (await house.projects.get(bob, "ada", "garden")).role is None
    with pytest.raises(Unauthenticated):
        await house.projects.get(None, "ada", "garden", Action.WRITE)
    with pytest.raises(Forbidden):
        await house.projects.get(bob, "ada", "garden", Action.WRITE)


async def test_by_id(house: House, ada: Identity, bob: Identity) -> None:
    project = await make(house, ada)

    assert (await house.projects.get_by_id(ada, project.id)).path == "ada/garden"
    for who, wanted in ((bob, project.id), (ada, uuid4())):
        with pytest.raises(NotFound):
            await house.projects.get_by_id(who, wanted)


async def test_lists_in_pages_newest_change_first(house: House, ada: Identity, bob: Identity) -> None:
    for number in range(5):
        house.clock.advance(1)
        await make(house, ada, f"garden{number}")
    await make(house, bob, "elsewhere")
    first = await house.projects.list(ada, limit=2)
    second = await house.projects.list(ada, limit=2, cursor=first.cursor)
    third = await house.projects.list(ada, limit=2, cursor=second.cursor)

    names = [project.name for page in (first, second, third) for project in page.projects]
    assert names == ["garden4", "garden3", "garden2", "garden1", "garden0"]
    assert third.cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "MjAyNg=="])
async def test_refuses_a_made_up_cursor(house: House, ada: Identity, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await house.projects.list(ada, cursor=cursor)


async def test_renaming_moves_page_and_host_and_leads_on_from_the_old_ones(house: House, ada: Identity) -> None:
    project = await make(house, ada)
    renamed = await house.projects.update(ada, "ada", "garden", UpdateProject(name="park"))

    assert (renamed.id, renamed.path) == (project.id, "ada/park")
    assert renamed.last_change.what == "renamed it from garden"
    assert house.routes.hosts == {"ada/garden": None, "ada/park": Visibility.MEMBERS}
    assert house.bridge.configured[-1].name == "park"
    with pytest.raises(Moved) as moved:
        await house.projects.get(ada, "ada", "garden")
    assert moved.value.location == "ada/park"


async def test_a_former_name_tells_outsiders_nothing(house: House, ada: Identity, bob: Identity) -> None:
    await make(house, ada)
    await house.projects.update(ada, "ada", "garden", UpdateProject(name="park"))
    for who in (bob, None):
        with pytest.raises(NotFound) as unknown:
            await house.projects.get(who, "ada", "garden")
        assert not isinstance(unknown.value, Moved)


async def test_a_former_name_is_given_to_nobody_else_for_ninety_days(house: House, ada: Identity) -> None:
    await make(house, ada)
    await house.projects.update(ada, "ada", "garden", UpdateProject(name="park"))
    with pytest.raises(NameTaken, match="former name"):
        await make(house, ada)
    house.clock.advance(91 * DAY)
    await house.projects.expire()

    assert (await make(house, ada)).path == "ada/garden"


async def test_a_project_may_take_its_own_former_name_back(house: House, ada: Identity) -> None:
    await make(house, ada)
    for name in ("park", "garden"):
        await house.projects.update(ada, "ada", {"park": "garden", "garden": "park"}[name], UpdateProject(name=name))

    assert (await house.projects.get(ada, "ada", "garden")).name == "garden"
    with pytest.raises(Moved):
        await house.projects.get(ada, "ada", "park")


async def test_a_chain_of_names_leads_to_the_present_one(house: House, ada: Identity) -> None:
    await make(house, ada, "one")
    await house.projects.update(ada, "ada", "one", UpdateProject(name="two"))
    await house.projects.update(ada, "ada", "two", UpdateProject(name="three"))
    for name in ("one", "two"):
        with pytest.raises(Moved) as moved:
            await house.projects.get(ada, "ada", name)
        assert moved.value.location == "ada/three"


async def test_renaming_to_a_taken_name_changes_nothing(house: House, ada: Identity) -> None:
    await make(house, ada, "one")
    await make(house, ada, "two")
    with pytest.raises(NameTaken):
        await house.projects.update(ada, "ada", "one", UpdateProject(name="two"))

    assert (await house.projects.get(ada, "ada", "one")).name == "one"
    assert set(house.routes.hosts) == {"ada/one", "ada/two"}


async def test_of_simultaneous_renames_to_one_name_one_wins(house: House, ada: Identity) -> None:
    for name in ("one", "two"):
        await make(house, ada, name)
    results = await asyncio.gather(
        *(house.projects.update(ada, "ada", name, UpdateProject(name="three")) for name in ("one", "two")),
        return_exceptions=True,
    )

    assert sorted(isinstance(result, NameTaken) for result in results) == [False, True]


@pytest.mark.parametrize("name", ["", "Park", "new", "a b", "../x"])
async def test_refuses_to_rename_to_a_bad_name(house: House, ada: Identity, name: str) -> None:
    await make(house, ada)
    with pytest.raises(InvalidInput):
        await house.projects.update(ada, "ada", "garden", UpdateProject(name=name))


async def test_a_workspace_that_does_not_answer_does_not_stop_a_rename(house: House, ada: Identity) -> None:
    await make(house, ada)
    house.bridge.fails = "It crashed."

    assert (await house.projects.update(ada, "ada", "garden", UpdateProject(name="park"))).name == "park"


async def test_a_stopped_workspace_is_not_woken_by_a_rename(house: House, ada: Identity) -> None:
    project = await make(house, ada)
    assert project.workspace_id is not None
    await house.workspaces.stop(project.workspace_id, "idle")
    house.bridge.configured.clear()
    await house.projects.update(ada, "ada", "garden", UpdateProject(name="park"))

    assert house.bridge.configured == []


async def test_describing_keeps_the_rest(house: House, ada: Identity) -> None:
    await make(house, ada)
    changed = await house.projects.update(ada, "ada", "garden", UpdateProject(description=" Roses "))

    assert (changed.name, changed.description, changed.visibility) == ("garden", "Roses", Visibility.MEMBERS)
    assert house.last_event("project.changed")["what"] == "changed the description"
    with pytest.raises(InvalidInput):
        await house.projects.update(ada, "ada", "garden", UpdateProject(description="a\x00b"))


async def test_only_owners_widen_who_may_see_it(house: House, ada: Identity, bob: Identity) -> None:
    await make(house, ada)
    await house.members.put(ada, "ada", "garden", "bob", Role.MAINTAINER)
    with pytest.raises(Forbidden):
        await house.projects.update(bob, "ada", "garden", UpdateProject(visibility=Visibility.PUBLIC))
    await house.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.PUBLIC))
    assert house.routes.hosts == {"ada/garden": Visibility.PUBLIC}
    await house.projects.update(bob, "ada", "garden", UpdateProject(visibility=Visibility.MEMBERS))

    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}


async def test_deleted_is_stopped_hidden_and_can_be_restored(house: House, ada: Identity) -> None:
    project = await make(house, ada)
    assert project.workspace_id is not None
    await house.projects.delete(ada, "ada", "garden")

    assert house.workspaces.stopped == {project.workspace_id: "The project was deleted."}
    assert house.routes.hosts == {}
    with pytest.raises(NotFound):
        await house.projects.get(ada, "ada", "garden")
    with pytest.raises(NotFound):
        await house.projects.get_by_id(ada, project.id)
    assert (await house.projects.list(ada)).projects == ()
    assert [found.id for found in (await house.projects.list(ada, deleted=True)).projects] == [project.id]

    restored = await house.projects.restore(ada, "ada", "garden")
    assert (restored.id, restored.workspace_id, restored.deleted_at) == (project.id, project.workspace_id, None)
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}
    assert "refs/heads/main" in await house.repositories.refs(project.id)


async def test_a_deleted_project_keeps_its_name(house: House, ada: Identity) -> None:
    await make(house, ada)
    await house.projects.delete(ada, "ada", "garden")
    with pytest.raises(NameTaken, match="Restore it"):
        await make(house, ada)


async def test_only_owners_delete_and_restore(house: House, ada: Identity, bob: Identity) -> None:
    await make(house, ada)
    await house.members.put(ada, "ada", "garden", "bob", Role.MAINTAINER)
    with pytest.raises(Forbidden):
        await house.projects.delete(bob, "ada", "garden")
    await house.projects.delete(ada, "ada", "garden")
    with pytest.raises(Forbidden):
        await house.projects.restore(bob, "ada", "garden")


async def test_after_thirty_days_it_is_really_gone(house: House, ada: Identity) -> None:
    project = await make(house, ada)
    await house.projects.delete(ada, "ada", "garden")
    house.clock.advance(29 * DAY)
    assert await house.projects.expire() == 0
    house.clock.advance(2 * DAY)
    assert await house.projects.expire() == 1

    assert house.repositories_on_disk() == []
    assert house.workspaces.removed == [project.workspace_id]
    with pytest.raises(NotFound):
        await house.projects.restore(ada, "ada", "garden")
    assert (await make(house, ada)).id != project.id


async def test_of_two_changes_at_once_neither_undoes_the_other(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is described by somebody who saw it public, while its owner closes it."""
    await make(house, ada, visibility=Visibility.PUBLIC)
    lock, closed = house.records.lock, False

    async def closing(account_id: UUID | None, project_id: UUID, connection: Connection) -> Project | None:
        nonlocal closed
        if not closed:
            closed = True
            await house.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.MEMBERS))
        return await lock(account_id, project_id, connection)

    monkeypatch.setattr(house.records, "lock", closing)
    described = await house.projects.update(ada, "ada", "garden", UpdateProject(description="Roses"))

    assert (described.visibility, described.description) == (Visibility.MEMBERS, "Roses")
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}


async def test_closing_a_project_ends_what_visitors_have_open_after_its_hosts_are_closed(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make(house, ada, visibility=Visibility.PUBLIC)
    seen: list[list[str]] = []

    async def end_visits(project_id: UUID) -> None:
        assert project_id == project.id
        seen.append(list(house.routes.applied))

    monkeypatch.setattr(house.routes, "end_visits", end_visits)
    house.routes.applied.clear()
    await house.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.MEMBERS))

    assert seen == [["ada/garden"]]


async def test_a_project_whose_hosts_cannot_be_taken_away_is_not_deleted_either(house: House, ada: Identity) -> None:
    """Else a deleted project would go on being shown."""
    await make(house, ada)
    house.routes.fails = "The table of hosts is away."
    with pytest.raises(Unavailable):
        await house.projects.delete(ada, "ada", "garden")

    assert (await house.projects.get(ada, "ada", "garden")).deleted_at is None
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}


async def test_a_project_restored_at_the_last_moment_is_not_removed(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(house, ada)
    await house.projects.delete(ada, "ada", "garden")
    house.clock.advance(31 * DAY)
    purge = house.removal.purge

    async def too_late(project_id: UUID, workspace_id: UUID | None, *, before: datetime | None = None) -> bool:
        await house.projects.restore(ada, "ada", "garden")
        return await purge(project_id, workspace_id, before=before)

    monkeypatch.setattr(house.removal, "purge", too_late)

    assert await house.projects.expire() == 0
    restored = await house.projects.get(ada, "ada", "garden")
    assert "refs/heads/main" in await house.repositories.refs(restored.id)


async def test_events_go_to_members(house: House, ada: Identity, bob: Identity) -> None:
    project = await make(house, ada)
    other = await make(house, bob, "elsewhere")
    await house.members.put(bob, "bob", "elsewhere", "ada", Role.VIEWER)

    assert await house.projects.visible_ids(ada) == {project.id, other.id}
    assert await house.projects.visible_ids(bob) == {other.id}


async def test_a_preview_opens_for_members_with_the_scope(house: House, ada: Identity, bob: Identity) -> None:
    project = await make(house, ada)
    program = await house.person("ada", scopes=frozenset({"preview:ada/garden"}))
    reader = await house.person("ada", scopes=frozenset({"read"}))

    assert (await house.projects.get_by_id(program, project.id, Action.PREVIEW)).role is Role.OWNER
    with pytest.raises(Forbidden):
        await house.projects.get_by_id(reader, project.id, Action.PREVIEW)
    with pytest.raises(NotFound):
        await house.projects.get_by_id(bob, project.id, Action.PREVIEW)
