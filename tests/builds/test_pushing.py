"""Pushes become builds before the pusher is answered; what was missed is found; ends are told."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.builds.asking.pushing import MOST
from firefly.builds.model import Build, BuildState, NewBuild, Trigger
from firefly.builds.queueing import sweeping
from firefly.git import RefChange, SmartHTTP
from tests.git.hosting import application, listening
from tests.git.support import client, commit, git

from .yard import Yard


async def builds(yard: Yard, project: UUID) -> list[Build]:
    found = await yard.records.list(project, before=None, ref=None, state=None, most=100)
    return list(reversed(found))


async def test_the_pusher_reads_where_it_is_built_and_why_it_is_not(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    smart = SmartHTTP(git=yard.git, repositories=yard.repositories, pushes=yard.pushes)

    async def push(*refs: str) -> str:
        status, said = await client(copy, "push", f"{url}/a.git", *refs)
        assert status == 0, said
        return said

    async with listening(application(smart, project, ada.account.id)) as url:
        made = commit(copy, "a.txt", message="Say it anew")
        git(copy, "tag", "-a", "v1", "-m", "One")
        said = await push("main", "v1", "HEAD:refs/notes/x")
        assert "remote: Building main: http://firefly.example/app/ada/garden/builds/1" in said
        assert "remote: Building v1: http://firefly.example/app/ada/garden/builds/2" in said

        commit(copy, "b.txt", message="Tidy up\n\n[skip firefly]")
        assert "remote: Not building main: The commit's message says [skip firefly]." in await push("main")
        await push("HEAD:topic")
        await yard.execute("update builds set state = 'running' where ref = 'refs/heads/topic'")
        commit(
            copy, "firefly.yml", "builds: {branches: [main]}\nschedule: {nightly: '0 3 * * *', odd: 'x'}\n", "Say what"
        )
        said = await push("HEAD:topic", "main")
        assert "remote: Not building topic: `builds: branches:` of firefly.yml" in said
        assert "remote: `schedule: odd:` of firefly.yml never comes" in said
        await push(":topic")

    main, tag, again = await builds(yard, project)
    assert (main.commit, main.subject, main.account, main.trigger) == (made, "Say it anew", "ada", Trigger.PUSH)
    assert (tag.ref, tag.commit) == ("refs/tags/v1", made)
    assert (again.number, again.ref) == (3, "refs/heads/main")
    async with yard.database.connection() as connection:
        heads = {row["ref"]: row for row in await connection.fetch("select * from build_heads")}
        plan = await connection.fetch("select name, expression from build_schedules")
    assert heads["refs/tags/v1"]["commit"] == git(copy, "rev-parse", "v1")
    assert heads["refs/heads/topic"]["ended_at"] is not None
    assert "refs/notes/x" not in heads
    assert [tuple(row) for row in plan] == [("nightly", "0 3 * * *")]


async def settled(yard: Yard, project: UUID, *changes: RefChange, via: str = "workspace") -> tuple[str, ...]:
    push = await yard.pushes.begin(project, pusher_id=None, via=via, changes=changes)
    recorded = await yard.pushes.settle(push, changes)
    assert recorded is not None
    return tuple(recorded.told)


async def test_pushes_from_workspaces_count_shadows_do_not(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    head = git(copy, "rev-parse", "HEAD")
    shadow = RefChange("refs/firefly/w/main", "0" * 40, head)
    await settled(yard, project, RefChange("refs/heads/main", "0" * 40, head), shadow)
    (build,) = await builds(yard, project)
    assert (build.ref, build.account, build.actor) == ("refs/heads/main", "", "workspace")


async def test_of_many_branches_at_once_a_few_are_built(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    head = git(copy, "rev-parse", "HEAD")
    changes = [RefChange(f"refs/heads/b{number}", "0" * 40, head) for number in range(MOST + 5)]
    told = await settled(yard, project, *changes)
    assert len(await builds(yard, project)) == MOST
    assert told[-1].startswith(f"More than {MOST} branches")


async def test_what_is_too_long_or_not_there_keeps_no_other_commit_from_being_read(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    long = commit(copy, "firefly.yml", "#" * (70 << 10), "Too long")
    folder = commit(copy, "a.txt", message="Short")
    git(copy, "push", "-q", "origin", "main")
    found = await yard.commits.find_each(project, [long, "f" * 40, folder, f"{folder}^{{tree}}", long])
    assert [one and one.subject for one in found] == ["Too long", None, "Short", None, "Too long"]
    assert [one and one.commit for one in found] == [long, None, folder, None, long]
    assert {one.manifest for one in found if one} == {None}


async def test_a_push_stands_where_its_build_cannot_be_written_down(
    yard: Yard, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    head = git(copy, "rev-parse", "HEAD")
    with monkeypatch.context() as patched:
        patched.setattr(yard.heads, "moved", None)
        assert await settled(yard, project, RefChange("refs/heads/main", "0" * 40, head)) == ()
    assert await builds(yard, project) == []
    async with yard.database.connection() as connection:
        assert await connection.fetchval("select state from pushes") == "recorded"


async def test_what_no_push_told_of_is_found(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    assert await yard.sweeping.sweep() == 0
    git(copy, "push", "-q", "origin", "HEAD:topic", "HEAD:refs/firefly/w/main")
    made = commit(copy, "a.txt", message="Unheard of")
    git(copy, "push", "-q", "origin", "main")
    assert await yard.sweeping.sweep() == 0
    yard.clock.advance(sweeping.PAUSE.total_seconds() + 1)
    assert await yard.sweeping.sweep() == 2

    found = {build.ref: build for build in await builds(yard, project)}
    assert set(found) == {"refs/heads/main", "refs/heads/topic"}
    assert (found["refs/heads/main"].commit, found["refs/heads/main"].trigger) == (made, Trigger.SWEEP)
    assert await yard.sweeping.sweep_project(project) == 0
    git(copy, "push", "-q", "origin", ":topic")
    assert await yard.sweeping.sweep_project(project) == 0
    assert await yard.state(found["refs/heads/topic"]) == BuildState.CANCELLED


async def test_a_repository_that_is_being_pushed_to_or_filled_is_left_alone(yard: Yard, ada: Identity) -> None:
    await yard.repository(pushed := await yard.project(ada))
    await yard.repository(filled := await yard.project(ada, "filled"))
    yard.clock.advance(0.5)
    await yard.pushes.begin(pushed, pusher_id=None, via="http", changes=[RefChange("refs/heads/x", "0" * 40, "1" * 40)])
    await yard.execute(
        "insert into jobs (id, project_id, account_id, kind, state, input, steps, created_at) "
        "values ($1, $2, $3, 'import', 'running', '{}', '[]', now())",
        uuid4(), filled, ada.account.id,
    )  # fmt: skip
    await yard.sweeping.sweep()
    async with yard.database.connection() as connection:
        assert await connection.fetchval("select count(*) from build_queues where swept_at is not null") == 0


async def test_whoever_shows_a_branch_is_told_of_its_end_until_he_heeds(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    told: list[str] = []
    deaf = True

    async def listener(project_id: UUID, ref: str) -> None:
        if deaf and ref.endswith("topic"):
            raise ConnectionError
        told.append(ref)

    yard.sweeping.on_ended(listener)
    build = await yard.ask(project, ref="refs/pull/7")
    await yard.builds.ref_ended(project, "refs/pull/7", "It was merged.")
    await yard.builds.ref_ended(project, "refs/heads/topic", "It was deleted.")
    await yard.sweeping.tell()
    assert told == ["refs/pull/7"]
    deaf = False
    await yard.sweeping.tell()
    await yard.sweeping.tell()
    assert told == ["refs/pull/7", "refs/heads/topic"]
    assert await yard.state(build) == BuildState.CANCELLED


async def test_what_a_webhook_tells_is_built_where_the_policy_allows(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    await yard.execute(
        "insert into build_settings (project_id, policy, patterns) values ($1, 'patterns', '{release/*}')", project
    )
    new = NewBuild(project_id=project, ref="refs/heads/main", commit="a" * 40, trigger=Trigger.WEBHOOK)
    refused = await yard.builds.consider(new)
    assert (refused.build, refused.reason) == (None, "No pattern of the project's settings matches it.")
    await yard.execute("update build_settings set policy = 'all'")
    moved = await yard.builds.consider(new)
    assert moved.build is not None
    assert moved.new


async def test_what_is_due_by_the_clock_is_built_once_however_often_it_was_missed(
    yard: Yard, ada: Identity, tmp_path: Path
) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    head = git(copy, "rev-parse", "HEAD")
    async with yard.database.transaction() as connection:
        await yard.schedules.set(project, {"nightly": "0 3 * * *", "never": "0 0 31 2 *"}, connection)
    assert await yard.schedules.look() == 0
    first = await yard.ask(project, head)
    await yard.execute("update builds set state = 'succeeded'")
    yard.clock.advance(5 * 86400)
    assert await yard.schedules.look() == 1
    assert await yard.schedules.look() == 0

    scheduled = (await builds(yard, project))[-1]
    assert (scheduled.number, scheduled.commit, scheduled.forced) == (first.number + 1, head, True)
    assert (scheduled.trigger, scheduled.actor) == (Trigger.SCHEDULE, "schedule nightly")
    async with yard.database.transaction() as connection:
        await yard.schedules.set(project, {}, connection)
        assert await connection.fetchval("select count(*) from build_schedules") == 0


async def test_a_branch_whose_name_is_no_text_keeps_no_project_from_being_swept(yard: Yard, ada: Identity) -> None:
    projects = [await yard.project(ada, name) for name in ("garden", "field")]
    copies = [await yard.repository(project) for project in projects]
    await yard.sweeping.sweep()
    for copy in copies:
        commit(copy, "a.txt")
        git(copy, "push", "-q", "origin", "main")
        # One byte of Latin-1.
        git(copy, "push", "-q", "origin", "main:refs/heads/caf\udce9")
    yard.clock.advance(sweeping.PAUSE.total_seconds() + 1)
    assert await yard.sweeping.sweep() == 2
    assert set(await yard.repositories.refs(projects[0])) == {"refs/heads/main"}


async def test_a_repository_that_cannot_be_read_keeps_no_other_from_being_swept(
    yard: Yard, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, even = [await yard.project(ada, name) for name in ("garden", "field")]
    copies = [await yard.repository(project) for project in (odd, even)]
    await yard.sweeping.sweep()
    for copy in copies:
        commit(copy, "a.txt")
        git(copy, "push", "-q", "origin", "main")
    refs = yard.repositories.refs

    async def read(project_id: UUID) -> dict[str, str]:
        if project_id == odd:
            raise ValueError("It is broken.")
        return await refs(project_id)

    monkeypatch.setattr(yard.repositories, "refs", read)
    yard.clock.advance(sweeping.PAUSE.total_seconds() + 1)
    assert await yard.sweeping.sweep() == 1


async def test_ever_so_many_branches_at_once_are_noted_in_a_moment(yard: Yard, ada: Identity) -> None:
    await yard.repository(project := await yard.project(ada))
    none, some, names = "0" * 40, "a" * 40, [f"refs/heads/b{number}" for number in range(20_000)]
    async with asyncio.timeout(30):
        for old, new in ((none, some), (some, none)):
            changes = [RefChange(name, old, new) for name in names]
            push = await yard.pushes.begin(project, pusher_id=ada.account.id, via="http", changes=changes)
            await yard.pushes.settle(push, changes)
    assert await yard.value("select count(*) from build_heads where ended_at is not null") == len(names)
