"""Keeping both sides in step, with real git: pushes go there, theirs come here, and nothing is ever overwritten."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest

from firefly.auth import Identity
from firefly.errors import Conflict
from firefly.git import RefChange
from firefly.git.links import LinkState, ProviderLink
from firefly.git.targets import Target
from firefly.linking import Choice, mirroring
from firefly.linking.mirrored import MirrorState, RefState
from firefly.linking.upkeep import look_for_ever
from firefly.projects import Project
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .linked import Linked, git


async def pushed(linked: Linked, project: Project, *changes: tuple[str, str, str]) -> None:
    """Record a push that has gone through, as the front door does."""
    made = [RefChange(ref, old, new) for ref, old, new in changes]
    push = await linked.house.pushes.begin(project.id, pusher_id=None, via="http", changes=made)
    await linked.house.pushes.settle(push, made)


async def test_what_is_pushed_here_goes_there_and_what_is_pushed_there_comes_here(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    first = await linked.ref(project)
    ours = linked.here(project).commit("ours")
    assert await linked.mirrors.look() == 0
    await pushed(linked, project, ("refs/heads/main", first or "", ours))
    assert await linked.mirrors.look() == 1
    assert there.folder is not None
    assert git(there.folder, "rev-parse", "main") == ours
    clone = linked.clone(there)
    theirs, branch = clone.commit("theirs"), clone.commit("a branch", branch="feature/b")
    git(clone.folder, "tag", "v1")
    git(clone.folder, "push", "-q", "origin", "v1")
    assert await linked.mirrors.bring(project.id) is MirrorState.LEVEL
    assert [await linked.ref(project, f"refs/{name}") for name in ("heads/main", "heads/feature/b", "tags/v1")] == [
        theirs, branch, branch,
    ]  # fmt: skip
    # Told as a push is: recorded, heard, and by the workspace too; and not sent back to where it came from.
    assert linked.house.bridge.pulled[-1] == (project.workspace_id, "refs/heads/main")
    assert linked.house.last_event("push.recorded")["via"] == "provider"
    assert await linked.mirrors.look() == 0
    git(clone.folder, "push", "-q", "origin", ":feature/b")
    await linked.mirrors.bring(project.id)
    assert await linked.ref(project, "refs/heads/feature/b") is None
    forced = clone.commit("rewritten", force=True)
    await linked.mirrors.bring(project.id)
    assert await linked.ref(project) == forced


async def test_where_both_sides_went_on_nothing_moves_until_a_person_chooses(linked: Linked, ada: Identity) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    first = await linked.ref(project) or ""
    theirs = linked.clone(there).commit("theirs")
    ours = linked.here(project).commit("ours")
    await pushed(linked, project, ("refs/heads/main", first, ours))
    await linked.mirrors.look()
    assert there.folder is not None
    assert (await linked.ref(project), git(there.folder, "rev-parse", "main")) == (ours, theirs)
    view = await linked.projects.show(ada, "ada", "garden")
    assert (view.link.state, view.mirror and view.mirror.state) == (LinkState.DIVERGED, MirrorState.DIVERGED)
    (ref,) = view.refs
    assert (ref.ref, ref.state, ref.ours, ref.theirs, ref.common) == (
        "refs/heads/main", RefState.DIVERGED, ours, theirs, first,
    )  # fmt: skip
    # Theirs beside ours, to be merged here; the merge then goes there by itself.
    made, view = await linked.projects.resolve(ada, "ada", "garden", "main", Choice.THEIRS)
    assert (made, await linked.ref(project, "refs/heads/main-gitea")) == ("main-gitea", theirs)
    assert [ref.state for ref in view.refs] == [RefState.DIVERGED]
    clone = linked.here(project)
    git(clone.folder, "merge", "-q", "-s", "ours", "-m", "merged", "origin/main-gitea")
    git(clone.folder, "push", "-q", "origin", "main")
    merged = git(clone.folder, "rev-parse", "HEAD")
    await pushed(linked, project, ("refs/heads/main", ours, merged))
    await linked.mirrors.look()
    assert git(there.folder, "rev-parse", "main") == merged
    view = await linked.projects.show(ada, "ada", "garden")
    assert (view.link.state, view.refs) == (LinkState.LINKED, [])
    with pytest.raises(Conflict, match="not in two states"):
        await linked.projects.resolve(ada, "ada", "garden", "main", Choice.OURS)


async def test_ours_is_kept_as_a_branch_on_both_sides_while_the_branch_follows_theirs(
    linked: Linked, ada: Identity
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    first = await linked.ref(project) or ""
    theirs, ours = linked.clone(there).commit("theirs"), linked.here(project).commit("ours")
    await pushed(linked, project, ("refs/heads/main", first, ours))
    await linked.mirrors.look()
    later = linked.clone(there).commit("theirs, and more")
    with pytest.raises(Conflict, match="moved meanwhile"):
        await linked.projects.resolve(ada, "ada", "garden", "main", Choice.OURS)
    await linked.mirrors.bring(project.id)
    made, view = await linked.projects.resolve(ada, "ada", "garden", "main", Choice.OURS)
    assert there.folder is not None
    assert (made, git(there.folder, "rev-parse", made), await linked.ref(project, f"refs/heads/{made}")) == (
        "main-firefly", ours, ours,
    )  # fmt: skip
    assert (await linked.ref(project), view.refs, theirs == later) == (later, [], False)


async def test_a_provider_that_is_away_or_refuses_is_tried_again_and_shown(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    first = await linked.ref(project) or ""
    ours = linked.here(project).commit("ours")
    await pushed(linked, project, ("refs/heads/main", first, ours))
    folder, there.folder = there.folder, None
    await linked.mirrors.look()
    view = await linked.projects.show(ada, "ada", "garden")
    assert view.mirror is not None
    assert (view.mirror.state, view.mirror.waits, "no repository" in view.mirror.reason) == (
        MirrorState.FAILING, True, True,
    )  # fmt: skip
    assert await linked.mirrors.look() == 0
    there.folder = folder
    clock.advance(15)
    assert await linked.mirrors.look() == 1
    assert folder is not None
    assert git(folder, "rev-parse", "main") == ours
    hook = folder / "hooks" / "update"
    hook.write_text("#!/bin/sh\ntest $1 != refs/heads/main\n")
    hook.chmod(0o755)
    more = linked.here(project).commit("more")
    await pushed(linked, project, ("refs/heads/main", ours, more))
    await linked.mirrors.look()
    view = await linked.projects.show(ada, "ada", "garden")
    (ref,) = view.refs
    assert (ref.state, "did not take it" in ref.reason, git(folder, "rev-parse", "main")) == (
        RefState.REFUSED, True, ours,
    )  # fmt: skip


async def test_connecting_again_mends_the_links_of_a_connection_that_stopped_working(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    linked.twin.token = "another"
    assert await linked.mirrors.bring(project.id) is MirrorState.FAILING
    view = await linked.projects.show(ada, "ada", "garden")
    assert (view.link.state, "does not accept the token" in view.link.reason) == (LinkState.BROKEN, True)
    assert await linked.mirrors.look() == 0
    theirs = linked.clone(there).commit("theirs")
    await linked.connect(ada)
    assert await linked.mirrors.look() == 1
    assert ((await linked.projects.show(ada, "ada", "garden")).link.state, await linked.ref(project)) == (
        LinkState.LINKED, theirs,
    )  # fmt: skip


async def test_more_than_a_repository_may_bring_is_ended_and_told(
    linked: Linked, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    project = await linked.imported(ada)
    first = await linked.ref(project)
    monkeypatch.setattr("firefly.git.remotes.LARGEST", 4 << 10)
    clone = linked.clone(there)
    (clone.folder / "large").write_bytes(os.urandom(64 << 10))
    git(clone.folder, "add", "large")
    clone.commit("large")
    assert await linked.mirrors.bring(project.id) is MirrorState.FAILING
    view = await linked.projects.show(ada, "ada", "garden")
    assert view.mirror is not None
    assert ("came from the provider's repository at once" in view.mirror.reason, await linked.ref(project)) == (
        True, first,
    )  # fmt: skip


async def test_a_link_whose_secrets_do_not_open_keeps_no_other_project_waiting(
    linked: Linked, ada: Identity, clock: ManualClock
) -> None:
    linked.repository()
    linked.repository("octo/field")
    await linked.connect(ada)
    garden = await linked.imported(ada)
    field = await linked.imported(ada, "octo/field", "field")
    async with linked.house.database.connection() as connection:
        await connection.execute("update provider_links set hook_secret = 'x' where project_id = $1", garden.id)
    for project in (garden, field):
        await linked.mirrors.mirrored.want(project.id)
    assert await linked.mirrors.look() == 2
    found = [await linked.mirrors.mirrored.find(project.id) for project in (garden, field)]
    assert [one.state for one in found if one] == [MirrorState.FAILING, MirrorState.LEVEL]


async def test_a_provider_that_takes_its_time_keeps_no_other_waiting(
    linked: Linked, ada: Identity, bob: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = linked.repository()
    await linked.connect(ada)
    await linked.connect(bob)
    # As many as are looked at at one time.
    for name in "xyz":
        linked.repository(f"octo/{name}")
    slow = [await linked.imported(bob, f"octo/{name}", name) for name in "xyz"]
    project = await linked.imported(ada)
    monkeypatch.setattr(mirroring, "AT_ONCE", 3)
    monkeypatch.setattr(mirroring, "EACH", 2)
    began, reach = asyncio.Event(), linked.mirrors._access.reach

    @contextlib.asynccontextmanager
    async def reached(link: ProviderLink) -> AsyncIterator[Target]:
        if link.project_id in {one.id for one in slow}:
            began.set()
            await asyncio.get_running_loop().create_future()
        async with reach(link) as target:
            yield target

    monkeypatch.setattr(linked.mirrors._access, "reach", reached)
    monkeypatch.setattr(mirroring, "LOOK_EVERY", 0.2)
    for one in slow:
        await linked.mirrors.mirrored.want(one.id)
    running = asyncio.create_task(linked.mirrors.run())
    async with asyncio.timeout(30):
        await began.wait()
    theirs = linked.clone(there).commit("theirs")
    await linked.mirrors.mirrored.want(project.id)
    await pushed(linked, slow[0])

    async def came() -> bool:
        return await linked.ref(project) == theirs

    assert await eventually(came)
    running.cancel()
    await asyncio.wait({running})


async def test_upkeep_goes_on_whatever_one_look_raises() -> None:
    looked = asyncio.Event()

    async def odd() -> None:
        raise KeyError("id")

    async def even() -> None:
        looked.set()

    looking = asyncio.create_task(look_for_ever({"odd": odd, "even": even}))
    async with asyncio.timeout(30):
        await looked.wait()
    assert not looking.done()
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
