"""What follows a push: the workspace, the words for the pusher, the project's last change."""

from pathlib import Path
from uuid import uuid4

import pytest

from firefly.auth import Identity
from firefly.git import PushRecorded, RefChange
from firefly.projects import CreateProject, Project, PullResult
from tests.git.hosting import application, listening
from tests.git.support import client, commit

from .house import House

NEW = "1" * 40


@pytest.fixture
async def garden(house: House, ada: Identity) -> Project:
    return (await house.projects.create(ada, CreateProject(name="garden", template="static"))).project


def push(project: Project, who: Identity, *refs: str, new: str = NEW) -> PushRecorded:
    changes = [RefChange(ref, "0" * 40, new) for ref in refs]
    return PushRecorded(uuid4(), project.id, who.account.id, "http", changes)


async def test_stock_git_pushes_and_the_workspace_follows(
    house: House, ada: Identity, garden: Project, tmp_path: Path
) -> None:
    async with listening(application(house.smart_http, garden.id, ada.account.id)) as url:
        assert (await client(tmp_path, "clone", "-q", f"{url}/a.git", "copy"))[0] == 0
        commit(tmp_path / "copy", "index.html", "<h1>new</h1>", "Say it anew")
        status, said = await client(tmp_path / "copy", "push", "origin", "main")

    assert status == 0, said
    assert "remote: Firefly has it, and the workspace was updated." in said
    assert house.bridge.pulled == [(garden.workspace_id, "refs/heads/main")]
    found = await house.projects.get(ada, "ada", "garden")
    assert (found.last_change.what, found.last_change.who) == ("pushed to main", "ada")


async def test_a_workspace_that_is_not_clean_stays_and_the_pusher_reads_why(
    house: House, ada: Identity, garden: Project
) -> None:
    house.bridge.answer = PullResult(False, "The workspace has changes that are not committed: a.txt.")

    assert await house.updater.pushed(push(garden, ada, "refs/heads/main")) == (
        "Firefly has it, but the workspace was not updated: The workspace has changes that are not committed: a.txt.",
    )


async def test_a_sandbox_that_does_not_start_does_not_undo_the_push(
    house: House, ada: Identity, garden: Project
) -> None:
    house.bridge.fails = "The sandbox did not start."
    (line,) = await house.updater.pushed(push(garden, ada, "refs/heads/main"))

    assert line == "Firefly has it, but the workspace was not updated: The sandbox did not start."


@pytest.mark.parametrize(
    ("ref", "new"), [("refs/heads/side", NEW), ("refs/tags/v1", NEW), ("refs/heads/main", "0" * 40)]
)
async def test_other_refs_leave_the_workspace_alone(
    house: House, ada: Identity, garden: Project, ref: str, new: str
) -> None:
    (line,) = await house.updater.pushed(push(garden, ada, ref, new=new))

    assert "was left as it is" in line
    assert house.bridge.pulled == []


async def test_many_refs_are_one_change(house: House, ada: Identity, garden: Project) -> None:
    await house.updater.pushed(push(garden, ada, "refs/heads/main", "refs/heads/side"))

    assert house.last_event("project.changed")["what"] == "pushed to 2 branches"
    await house.updater.pushed(push(garden, ada, "refs/heads/side", new="0" * 40))
    assert house.last_event("project.changed")["what"] == "deleted side"


async def test_a_project_that_was_removed_meanwhile_is_no_error(house: House, ada: Identity, garden: Project) -> None:
    await house.removal.purge(garden.id, garden.workspace_id)

    assert await house.updater.pushed(push(garden, ada, "refs/heads/main")) == ()
