"""Projects from templates: at once, whole or not at all."""

import asyncio
from uuid import uuid4

import pytest

from firefly.auth import Identity
from firefly.errors import Forbidden, InvalidInput, LimitReached, NameTaken, SandboxFailed, Unavailable
from firefly.projects import CreateProject, JobState, Role, Visibility
from tests.git.support import git

from .house import House


def wanted(name: str = "garden", template: str = "static", **more: object) -> CreateProject:
    return CreateProject(name=name, template=template, **more)  # type: ignore[arg-type]


async def test_has_a_repository_a_workspace_a_host_and_its_owner(house: House, ada: Identity) -> None:
    created = await house.projects.create(ada, wanted(description="  Flowers "))
    project = created.project

    assert created.job is None
    assert (project.path, project.description, project.role) == ("ada/garden", "Flowers", Role.OWNER)
    assert project.workspace_id is not None
    assert house.bridge.filled == {project.workspace_id: "static"}
    assert [facts.project_id for facts in house.bridge.configured] == [project.id]
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}
    assert (await house.projects.get(ada, "ada", "garden")).last_change.what == "created it"
    assert house.last_event("project.created")["project_id"] == str(project.id)


@pytest.mark.parametrize("template", ["static", "vite-react", "express", "flask", "fastapi", "python"])
async def test_every_template_gives_the_same_history_to_server_and_workspace(
    house: House, ada: Identity, template: str
) -> None:
    project = (await house.projects.create(ada, wanted(template=template))).project
    head = (await house.repositories.refs(project.id))["refs/heads/main"]
    tree = house.preparation.tree(template)

    assert git(tree, "-c", f"safe.directory={tree}", "rev-parse", "HEAD") == head
    assert git(tree, "-c", f"safe.directory={tree}", "status", "--porcelain") == ""
    git(house.repositories.path(project.id), "fsck", "--strict")


async def test_a_public_project_has_a_public_preview(house: House, ada: Identity) -> None:
    await house.projects.create(ada, wanted(visibility=Visibility.PUBLIC))

    assert house.routes.hosts == {"ada/garden": Visibility.PUBLIC}


async def test_is_written_to_the_audit_log_with_the_address(house: House, ada: Identity) -> None:
    project = (await house.projects.create(ada, wanted(), address="192.0.2.7")).project
    entry = (await house.audit.list())[0]

    assert (entry.action, entry.resource) == ("project.created", f"project:{project.id}")
    assert (entry.actor, entry.address) == (ada.account.id, "192.0.2.7")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 64,
        "Garden",
        "gärten",
        "-garden",
        "garden-",
        "a--b",
        "new",
        "a b",
        "a/b",
        "a.b",
        "a\x00b",
        "..",
        "../x",
    ],
)
async def test_refuses_bad_names_and_leaves_nothing(house: House, ada: Identity, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await house.projects.create(ada, wanted(name))

    assert refused.value.field == "name"
    assert house.repositories_on_disk() == []


async def test_refuses_an_unknown_template_and_names_those_there_are(house: House, ada: Identity) -> None:
    with pytest.raises(InvalidInput, match="vite-react"):
        await house.projects.create(ada, wanted(template="cobol"))


@pytest.mark.parametrize("more", [{}, {"template": "static", "git_url": "https://example.org/a"}])
async def test_wants_exactly_one_source(house: House, ada: Identity, more: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="exactly one"):
        await house.projects.create(ada, CreateProject(name="garden", **more))  # type: ignore[arg-type]


async def test_refuses_a_description_beyond_the_limit(house: House, ada: Identity) -> None:
    with pytest.raises(InvalidInput, match="description"):
        await house.projects.create(ada, wanted(description="x" * 2001))


async def test_a_taken_name_is_refused_and_leaves_nothing(house: House, ada: Identity) -> None:
    await house.projects.create(ada, wanted())
    with pytest.raises(NameTaken, match="already"):
        await house.projects.create(ada, wanted())

    assert len(house.repositories_on_disk()) == 1


async def test_two_people_may_use_the_same_name(house: House, ada: Identity, bob: Identity) -> None:
    await house.projects.create(ada, wanted())
    await house.projects.create(bob, wanted())

    assert set(house.routes.hosts) == {"ada/garden", "bob/garden"}


async def test_of_ten_at_once_with_one_name_one_wins_and_nothing_is_left_of_the_others(
    house: House, ada: Identity
) -> None:
    results = await asyncio.gather(*(house.projects.create(ada, wanted()) for _ in range(10)), return_exceptions=True)
    won = [result for result in results if not isinstance(result, BaseException)]

    assert len(won) == 1
    assert all(isinstance(result, NameTaken) for result in results if isinstance(result, BaseException))
    assert house.repositories_on_disk() == [house.repositories.path(won[0].project.id)]
    assert house.routes.hosts == {"ada/garden": Visibility.MEMBERS}


async def test_the_quota_holds_for_simultaneous_creations_too(house: House, ada: Identity) -> None:
    results = await asyncio.gather(
        *(house.projects.create(ada, wanted(f"garden{number}")) for number in range(8)), return_exceptions=True
    )

    assert sum(isinstance(result, LimitReached) for result in results) == 3
    assert len((await house.projects.list(ada)).projects) == 5
    assert len(house.repositories_on_disk()) == 5


async def test_a_sandbox_that_does_not_start_leaves_nothing_and_the_name_free(house: House, ada: Identity) -> None:
    house.bridge.fails = "The bridge did not answer."
    with pytest.raises(SandboxFailed):
        await house.projects.create(ada, wanted())
    house.bridge.fails = ""

    assert house.repositories_on_disk() == []
    assert len(house.workspaces.removed) == 1
    assert (await house.projects.create(ada, wanted())).project.path == "ada/garden"


async def test_no_workspace_to_be_had_leaves_nothing(house: House, ada: Identity) -> None:
    house.workspaces.fails = True
    with pytest.raises(SandboxFailed):
        await house.projects.create(ada, wanted())

    assert house.repositories_on_disk() == []
    assert (await house.projects.list(ada)).projects == ()


async def test_only_under_ones_own_name_and_with_the_scope(house: House, ada: Identity) -> None:
    reader = await house.person("ada", scopes=frozenset({"read"}))
    with pytest.raises(Forbidden, match="own name"):
        await house.projects.create(ada, wanted(owner="bob"))
    with pytest.raises(Forbidden, match="scope write"):
        await house.projects.create(reader, wanted())


async def test_facts_of_a_workspace(house: House, ada: Identity) -> None:
    project = (await house.projects.create(ada, wanted())).project
    assert project.workspace_id is not None
    facts = await house.projects.by_workspace(project.workspace_id)

    assert facts is not None
    assert (facts.owner, facts.name, facts.owner_is_administrator) == ("ada", "garden", False)
    assert await house.projects.by_workspace(uuid4()) is None


async def test_a_host_that_cannot_be_had_leaves_no_project_without_one(house: House, ada: Identity) -> None:
    house.routes.fails = "The table of hosts is away."
    with pytest.raises(Unavailable):
        await house.projects.create(ada, wanted())

    assert (await house.projects.list(ada)).projects == ()
    assert house.repositories_on_disk() == []
    assert house.events("project.created") == []


async def test_its_host_and_its_job_are_there_as_soon_as_the_project_is(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server finds it that is killed right after the commit: there is no later chance to make them."""

    async def killed(hosts: object) -> None:
        raise asyncio.CancelledError

    async def not_undone(project: object, job: object) -> None:
        return None

    monkeypatch.setattr(house.routes, "apply", killed)
    monkeypatch.setattr(house.creation, "_undo", not_undone)
    for name, source in (("garden", {"template": "static"}), ("park", {"git_url": "https://example.org/a.git"})):
        with pytest.raises(asyncio.CancelledError):
            await house.projects.create(ada, CreateProject(name=name, **source))  # type: ignore[arg-type]

    assert set(house.routes.hosts) == {"ada/garden", "ada/park"}
    assert [(job.kind, job.state) for job in await house.jobs.list(ada)] == [("import", JobState.QUEUED)]


async def test_what_a_killed_server_left_half_made_is_cleared_away(
    house: House, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_undone(project: object, job: object) -> None:
        return None

    whole = (await house.projects.create(ada, wanted("whole"))).project
    with monkeypatch.context() as patched:
        patched.setattr(house.creation, "_undo", not_undone)
        house.bridge.fails = "killed"
        with pytest.raises(SandboxFailed):
            await house.projects.create(ada, wanted("half"))
    house.bridge.fails = ""
    assert await house.projects.expire() == 0, "it could still be in the making"
    house.clock.advance(601)

    assert await house.projects.expire() == 1
    assert [project.id for project in (await house.projects.list(ada)).projects] == [whole.id]
    assert set(house.routes.hosts) == {"ada/whole"}
    assert house.repositories_on_disk() == [house.repositories.path(whole.id)]
