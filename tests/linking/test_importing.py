"""Importing and linking by steps: visible, resumed where they failed, undone, and removed at the provider at last."""

import os

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from firefly.git.links import LinkState
from firefly.linking import NewRepository
from firefly.linking.mirrored import MirrorState
from firefly.projects import CreateProject, JobState, Role, UpdateProject, Visibility
from firefly.testing.clock import ManualClock
from firefly.testing.providers import TwinPull

from .linked import Linked, git

STEPS = [
    "Inspect the repository", "Receive its history", "Open the workspace", "Add a key", "Add the hook",
    "Compare branches", "List pull requests", "Settle who may join",
]  # fmt: skip


# In the place of ssh, as git calls it: notes whose key it was given and how that lay on the disk, and serves.
SSH = """#!/bin/sh
for last; do
    case "$last" in IdentityFile=*) key=${last#IdentityFile=} ;; esac
done
stat -c %a "$key" > "$FOLDER/seen"
ssh-keygen -y -f "$key" >> "$FOLDER/seen" || exit 255
exec sh -c "$(printf %s "$last" | sed "s#'/octo/garden.git'#'$FOLDER/octo-garden.git'#")"
"""


async def test_an_import_goes_by_steps_and_leaves_a_linked_project(
    linked: Linked, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = linked.folder / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.replace("$FOLDER", str(linked.folder)))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    there = linked.repository()
    head = linked.clone(there).commit("more", branch="feature")
    there.pulls[3] = TwinPull(3, "Feature", "feature", head)
    await linked.connect(ada)
    created = await linked.projects.import_(ada, "gitea", "octo/garden", name="garden", by_key=True)
    assert created.job is not None
    job = await linked.ended(ada, created.job)
    assert (job.state, job.error, [step.name for step in job.steps]) == (JobState.SUCCEEDED, None, STEPS)
    details = {step.name: step.detail for step in job.steps}
    assert details["Inspect the repository"] == "octo/garden, private"
    assert (details["Add a key"], details["Add the hook"]) == ("A key of its own was added", "The hook was added")
    assert (details["Compare branches"], details["List pull requests"]) == ("2 branches and tags", "1 open")
    project = created.project
    assert linked.house.bridge.filled[project.workspace_id or project.id] == "clone"
    view = await linked.projects.show(ada, "ada", "garden")
    assert (view.link.state, view.link.repository, view.refs) == (LinkState.LINKED, "octo/garden", [])
    (hook,), (key,) = there.hooks.values(), there.keys.values()
    assert hook["config"]["url"] == f"https://firefly.test/hooks/gitea/{project.id}"
    assert hook["config"]["secret"] == view.link.hook_secret
    assert (key["read_only"], key["key"].split()[0], view.link.key_public) == (False, "ssh-ed25519", key["key"])
    assert (linked.folder / "seen").read_text().split()[:3] == ["600", *key["key"].split()[:2]]
    assert not list(linked.keys.iterdir())
    assert str(view.link.key_private) not in repr(view)
    async with linked.house.database.connection() as connection:
        pulls = await connection.fetch("select number, title, state from pull_requests")
        rows = await connection.fetchval("select string_agg(l::text, '') from provider_links l")
    assert [tuple(row) for row in pulls] == [(3, "Feature", "open")]
    assert "PRIVATE KEY" not in rows


async def test_a_step_that_fails_says_why_and_is_begun_again_where_it_failed(linked: Linked, ada: Identity) -> None:
    there = linked.repository()
    await linked.connect(ada)
    linked.house.bridge.fails = "No sandbox can be started here."
    created = await linked.projects.import_(ada, "gitea", "octo/garden", name="garden")
    assert created.job is not None
    failed = await linked.ended(ada, created.job)
    assert (failed.state, failed.error) == (JobState.FAILED, "No sandbox can be started here.")
    assert [step.state for step in failed.steps[:4]] == [
        JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED, JobState.QUEUED,
    ]  # fmt: skip
    linked.house.bridge.fails = ""
    # The hook cannot be added at first.
    linked.house.clock.advance(1)
    there.permissions["octo"] = "write"
    again = await linked.ended(ada, await linked.projects.resume(ada, failed.id))
    assert (again.state, "may not administer octo/garden" in (again.error or "")) == (JobState.FAILED, True)
    with pytest.raises(Conflict, match="Only one that failed"):
        await linked.projects.resume(ada, failed.id)
    there.permissions["octo"] = "admin"
    linked.house.clock.advance(1)
    done = await linked.ended(ada, await linked.projects.resume(ada, again.id))
    assert (done.state, len(there.hooks)) == (JobState.SUCCEEDED, 1)
    with pytest.raises(Conflict):
        await linked.projects.undo(ada, done.id)


async def test_a_failed_import_is_undone_at_the_provider_as_well(linked: Linked, ada: Identity, bob: Identity) -> None:
    there = linked.repository()
    await linked.connect(ada)
    hosted, there.folder = there.folder, None
    created = await linked.projects.import_(ada, "gitea", "octo/garden", name="garden")
    assert created.job is not None
    assert (await linked.ended(ada, created.job)).state is JobState.FAILED
    there.folder = hosted
    with pytest.raises(NotFound):
        await linked.projects.undo(bob, created.job.id)
    await linked.projects.undo(ada, created.job.id)
    with pytest.raises(NotFound):
        await linked.house.projects.get(ada, "ada", "garden")
    assert linked.house.repositories_on_disk() == []
    assert (await linked.imported(ada)).name == "garden"


async def test_cancelling_an_import_takes_it_back(linked: Linked, ada: Identity) -> None:
    there = linked.repository()
    await linked.connect(ada)
    linked.house.bridge.cloning.clear()
    created = await linked.projects.import_(ada, "gitea", "octo/garden", name="garden")
    assert created.job is not None
    await linked.house.bridge.clones.wait()
    cancelled = await linked.house.jobs.cancel(ada, created.job.id)
    assert (cancelled.state, there.hooks, linked.house.repositories_on_disk()) == (JobState.CANCELLED, {}, [])
    with pytest.raises(NotFound):
        await linked.house.projects.get(ada, "ada", "garden")


async def test_what_a_link_leaves_at_the_provider_is_removed_as_soon_as_that_lets_us(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    await linked.imported(ada)
    linked.twin.broken = True
    await linked.projects.unlink(ada, "ada", "garden")
    with pytest.raises(NotFound, match="not linked"):
        await linked.projects.show(ada, "ada", "garden")
    (left,) = await linked.removing.left(ada.account.id)
    assert (left.project, left.repository, left.attempts, "fault of its own" in left.reason) == (
        "ada/garden", "octo/garden", 1, True,
    )  # fmt: skip
    linked.twin.broken = False
    assert (await linked.removing.look(), len(there.hooks)) == (0, 1)
    clock.advance(60)
    assert (await linked.removing.look(), there.hooks) == (1, {})
    assert await linked.removing.left(ada.account.id) == []


async def test_the_bin_takes_the_hook_away_and_coming_back_adds_it_again(linked: Linked, ada: Identity) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    await linked.house.projects.delete(ada, "ada", "garden")
    assert (await linked.removing.look(), there.hooks) == (1, {})
    assert await linked.removing.look() == 0
    await linked.house.projects.restore(ada, "ada", "garden")
    await linked.removing.restore()
    assert len(there.hooks) == 1
    await linked.house.removal.purge(project.id, project.workspace_id)
    assert (await linked.removing.look(), there.hooks) == (1, {})


async def test_a_project_that_is_here_gets_a_new_repository_there(linked: Linked, ada: Identity) -> None:
    await linked.connect(ada)
    there = linked.repository("octo/source")
    await linked.imported(ada, "octo/source", "shed")
    await linked.projects.unlink(ada, "ada", "shed")
    job = await linked.projects.link(ada, "ada", "shed", "gitea", NewRepository(name="shed", is_private=True))
    # The twin makes no repository for git; one whose first comparison failed is compared again.
    git(linked.folder, "init", "-q", "--bare", "-b", "main", "shed.git")
    linked.twin.find("gitea", "octo/shed").folder = linked.folder / "shed.git"
    if (await linked.ended(ada, job)).state is JobState.FAILED:
        linked.house.clock.advance(1)
        await linked.ended(ada, await linked.projects.resume(ada, job.id))
    made = linked.twin.find("gitea", "octo/shed")
    assert made.folder is not None
    assert there.folder is not None
    assert git(made.folder, "rev-parse", "main") == git(there.folder, "rev-parse", "main")
    with pytest.raises(Conflict, match="linked already"):
        await linked.projects.link(ada, "ada", "shed", "gitea", "octo/source")
    pull = await linked.projects.propose(ada, "ada", "shed", head="main", base="", title="Draft", body="")
    assert (pull.number, made.pulls[1].title) == (1, "Draft")


async def test_what_is_private_there_becomes_public_there_first(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    with pytest.raises(InvalidInput, match="private at the provider"):
        await linked.projects.import_(ada, "gitea", "octo/garden", name="garden", visibility=Visibility.PUBLIC)
    await linked.imported(ada)
    public = UpdateProject(visibility=Visibility.PUBLIC)
    with pytest.raises(InvalidInput, match="private at the provider"):
        await linked.house.projects.update(ada, "ada", "garden", public)
    remix = CreateProject(name="copy", remix_of="ada/garden", visibility=Visibility.PUBLIC)
    with pytest.raises(InvalidInput, match="private at the provider"):
        await linked.house.projects.create(ada, remix)
    linked.twin.broken = True
    with pytest.raises(Unavailable):
        await linked.house.projects.update(ada, "ada", "garden", public)
    linked.twin.broken = False
    there.is_private = False
    assert (await linked.house.projects.update(ada, "ada", "garden", public)).visibility is Visibility.PUBLIC
    # And what becomes private there is not shown to everybody here for longer than a day.
    there.is_private = True
    clock.advance(24 * 3600)
    assert await linked.removing.ask() == 1
    assert (await linked.house.projects.get(ada, "ada", "garden")).visibility is Visibility.MEMBERS


async def test_who_may_not_administer_a_repository_does_not_link_it(linked: Linked, ada: Identity) -> None:
    there = linked.repository()
    with pytest.raises(NotFound, match="Connect first"):
        await linked.projects.import_(ada, "gitea", "octo/garden", name="garden")
    await linked.connect(ada)
    there.permissions["octo"] = "read"
    with pytest.raises(Forbidden, match="may not administer"):
        await linked.projects.import_(ada, "gitea", "octo/garden", name="garden")
    with pytest.raises(NotFound):
        await linked.projects.import_(ada, "gitea", "octo/unknown", name="garden")
    assert (await linked.house.projects.list(ada)).projects == ()


async def test_whoever_the_provider_lets_read_joins_and_leaves_when_it_does_not_any_more(
    linked: Linked, ada: Identity, bob: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    with pytest.raises(NotFound, match="no such project that you could join"):
        await linked.joining.join(bob, "ada", "garden")
    await linked.connect(bob)
    there.permissions["octo"] = "read"
    assert await linked.joining.join(bob, "ada", "garden") is Role.VIEWER
    with pytest.raises(Conflict, match="already"):
        await linked.joining.join(bob, "ada", "garden")
    with pytest.raises(NotFound):
        await linked.joining.join(bob, "ada", "nowhere")
    there.permissions["octo"] = "write"
    assert await linked.joining.look() == 0
    await linked.joining.heed(project.id)
    assert await linked.joining.look() == 1
    assert (await linked.house.projects.get(bob, "ada", "garden")).role is Role.EDITOR
    del linked.twin.repositories["gitea", "octo/garden"]
    clock.advance(24 * 3600)
    await linked.joining.look()
    with pytest.raises(NotFound):
        await linked.house.projects.get(bob, "ada", "garden")
    assert linked.house.revoked == [(project.id, bob.account.id)]
    assert (await linked.house.projects.get(ada, "ada", "garden")).role is Role.OWNER


async def test_a_role_that_a_person_gave_stays_whatever_the_provider_says(
    linked: Linked, ada: Identity, bob: Identity, clock: ManualClock
) -> None:
    linked.repository()
    await linked.connect(ada)
    await linked.imported(ada)
    await linked.connect(bob)
    assert await linked.joining.join(bob, "ada", "garden") is Role.EDITOR
    await linked.house.members.put(ada, "ada", "garden", "bob", Role.MAINTAINER)
    del linked.twin.repositories["gitea", "octo/garden"]
    clock.advance(24 * 3600)
    await linked.joining.look()
    assert (await linked.house.projects.get(bob, "ada", "garden")).role is Role.MAINTAINER


async def test_a_name_that_was_given_away_at_the_provider_opens_nothing_to_its_new_owner(
    linked: Linked, ada: Identity, bob: Identity
) -> None:
    linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    before = await linked.ref(project)
    del linked.twin.repositories["gitea", "octo/garden"]
    (linked.folder / "octo-garden.git").rename(linked.folder / "gone.git")
    linked.clone(linked.repository()).commit("evil")
    await linked.connect(bob)
    with pytest.raises(NotFound, match="no such project that you could join"):
        await linked.joining.join(bob, "ada", "garden")
    assert await linked.mirrors.bring(project.id) is MirrorState.FAILING
    assert await linked.ref(project) == before
    link = await linked.links.of_project(project.id)
    assert link is not None
    await linked.removing.ask_one(link)
    after = await linked.links.of_project(project.id)
    assert after is not None
    assert (after.state, after.repository_id) == (LinkState.BROKEN, link.repository_id)
    assert "another repository by now" in after.reason


async def test_who_may_not_link_any_more_resumes_and_undoes_nothing(
    linked: Linked, ada: Identity, bob: Identity
) -> None:
    linked.repository()
    theirs = linked.repository("bob/copy")
    await linked.connect(ada)
    await linked.connect(bob)
    project = await linked.imported(ada)
    await linked.projects.unlink(ada, "ada", "garden")
    await linked.house.members.put(ada, "ada", "garden", "bob", Role.MAINTAINER)
    hosted, theirs.folder = theirs.folder, None
    job = await linked.ended(bob, await linked.projects.link(bob, "ada", "garden", "gitea", "bob/copy"))
    assert job.state is JobState.FAILED
    await linked.projects.unlink(ada, "ada", "garden")
    theirs.folder = hosted
    ends = (linked.projects.resume, linked.projects.undo)
    await linked.house.members.put(ada, "ada", "garden", "bob", Role.VIEWER)
    for end in ends:
        with pytest.raises(Forbidden):
            await end(bob, job.id)
    await linked.house.members.remove(ada, "ada", "garden", "bob")
    for end in ends:
        with pytest.raises(NotFound):
            await end(bob, job.id)
    assert await linked.links.of_project(project.id) is None
