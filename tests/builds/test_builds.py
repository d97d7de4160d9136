"""What members ask of builds: who may, what is one build and what two, how one is ended, tried again and approved."""

import asyncio

import pytest

from firefly.auth import Identity
from firefly.builds.asking import builds
from firefly.builds.model import Build, BuildState, SiteState, Trigger, Trust
from firefly.builds.views.changes import Changes
from firefly.builds.views.explaining import Explaining
from firefly.errors import Conflict, FireflyError, Forbidden, InvalidInput, LimitReached, NotFound, Unauthenticated
from tests.git import support

from .sites.booth import Booth
from .yard import Yard

OTHER = "b" * 40


async def test_a_build_of_a_branch_knows_its_commit_and_who_asked(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    commit = support.commit(copy, "a.txt", message="Say it anew\n\nAt length.")
    support.git(copy, "push", "-q", "origin", "main")

    build = await yard.builds.ask(ada, "ada", "garden")

    assert (build.project_id, build.number, build.ref, build.commit) == (project, 1, "refs/heads/main", commit)
    assert (build.subject, build.author, build.account, build.trigger) == ("Say it anew", "Ada", "ada", Trigger.MANUAL)
    assert build.tree == support.git(copy, "rev-parse", "HEAD^{tree}")
    # Where it is is known from now on, so that it is listed, and its site ends with it.
    async with yard.database.connection() as connection:
        heads = await connection.fetch("select ref, commit from build_heads where project_id = $1", project)
    assert [tuple(head) for head in heads] == [("refs/heads/main", commit)]
    place = (await yard.builds.places([build]))[build.id]
    assert (place.position, place.ahead_of_project, place.held) == (1, 0, False)
    with pytest.raises(InvalidInput, match="no branch, tag or pull request topic"):
        await yard.builds.ask(ada, "ada", "garden", ref="topic")
    with pytest.raises(InvalidInput, match="no commit bbbb"):
        await yard.builds.ask(ada, "ada", "garden", commit=OTHER)
    # One without any commit.
    await yard.repositories.create(empty := await yard.project(ada, "empty"))
    with pytest.raises(InvalidInput, match="no branch, tag or pull request refs/heads/main"):
        await yard.builds.ask(ada, "ada", "empty")
    assert await yard.sweeping.sweep_project(empty) == 0


async def test_the_same_commit_is_one_build_until_another_came_or_it_failed(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    first = await yard.ask(project)
    assert (await yard.ask(project)).id == first.id
    assert (await yard.ask(project, forced=True)).number == 2
    assert await yard.state(first) == BuildState.SUPERSEDED

    await yard.execute("update builds set state = 'succeeded' where number = 2")
    assert (await yard.ask(project)).number == 2
    assert (await yard.ask(project, OTHER)).number == 3
    # The branch is back where it was, and its site is to be so too.
    assert (await yard.ask(project)).number == 4
    await yard.execute("update builds set state = 'failed' where number = 4")
    assert (await yard.ask(project)).number == 5


async def test_a_branch_or_pull_request_that_comes_back_where_it_was_is_shown_again(yard: Yard, ada: Identity) -> None:
    booth = Booth(yard, await yard.project(ada))
    shown = await booth.show("refs/heads/topic", 7)
    await yard.execute("insert into build_queues (project_id, last_number) values ($1, 7)", booth.project_id)
    assert (await yard.ask(booth.project_id, ref="refs/heads/topic")).number == 7
    async with yard.database.transaction() as connection:
        await booth.records.put(shown.id, SiteState.REMOVED, "The branch is gone.", connection)
    again = await yard.ask(booth.project_id, ref="refs/heads/topic")
    assert (again.number, again.state) == (8, BuildState.QUEUED)


async def test_a_push_ends_what_came_before_it_on_the_branch_and_nothing_else(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    runs = await yard.ask(project)
    await yard.execute("update builds set state = 'running' where id = $1", runs.id)
    other = await yard.ask(project, ref="refs/heads/topic")
    by_hand = await yard.ask(project, OTHER, trigger=Trigger.MANUAL)
    newest = await yard.ask(project, "c" * 40)

    assert await yard.state(by_hand) == BuildState.SUPERSEDED
    ended = await yard.records.find(runs.id)
    assert ended is not None
    assert (ended.state, ended.ending) == (BuildState.RUNNING, BuildState.SUPERSEDED)
    assert ended.ending_reason == f"Build {newest.number} came after it."
    assert await yard.state(other) == await yard.state(newest) == BuildState.QUEUED


async def test_builds_are_listed_by_page_the_newest_first(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    for number in range(1, 6):
        await yard.ask(project, f"{number:040x}", ref=f"refs/heads/topic-{number % 2}")

    page = await yard.builds.list(ada, "ada", "garden", limit=3)
    rest = await yard.builds.list(ada, "ada", "garden", limit=3, cursor=page.cursor)
    assert [build.number for build in (*page.builds, *rest.builds)] == [5, 4, 3, 2, 1]
    assert rest.cursor is None
    some = await yard.builds.list(ada, "ada", "garden", ref="topic-1", state=BuildState.QUEUED)
    assert [build.number for build in some.builds] == [5]
    assert (await yard.builds.of_number(ada, "ada", "garden", 3)).commit == f"{3:040x}"
    with pytest.raises(InvalidInput):
        await yard.builds.list(ada, "ada", "garden", cursor="x")


async def test_who_may_see_and_who_may_end_a_build(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada, visibility="public")
    build = await yard.ask(project)
    viewer, stranger = await yard.person("vic"), await yard.person("sam")
    await yard.join(project, viewer, "viewer")

    assert (await yard.builds.get(viewer, build.id)).number == 1
    for who, error in ((stranger, Forbidden), (None, Unauthenticated)):
        with pytest.raises(error):
            await yard.builds.get(who, build.id)
    with pytest.raises(Forbidden, match="needs editor"):
        await yard.builds.cancel(viewer, build.id)
    secret = await yard.ask(await yard.project(ada, "secret"))
    with pytest.raises(NotFound, match="no such build"):
        await yard.builds.get(stranger, secret.id)


async def test_one_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    build = await yard.ask(project)
    ended = await yard.builds.kill(ada, build.id)
    assert (ended.state, ended.reason) == (BuildState.CANCELLED, "ada ended it.")
    with pytest.raises(Conflict, match="ended already"):
        await yard.builds.cancel(ada, build.id)

    again = await yard.builds.retry(ada, build.id)
    assert (again.number, again.commit, again.trigger, again.forced) == (2, build.commit, Trigger.RETRY, False)
    await yard.execute("update builds set state = 'running' where number = 2")
    asked = await yard.builds.kill(ada, again.id)
    assert (asked.state, asked.ending) == (BuildState.RUNNING, BuildState.KILLED)
    with pytest.raises(Conflict, match="not ended yet"):
        await yard.builds.retry(ada, again.id)


async def test_what_a_fork_asks_for_waits_until_this_commit_of_it_is_approved(yard: Yard, ada: Identity) -> None:
    project = await yard.project(ada)
    await yard.execute(
        "insert into pull_requests (project_id, number, provider, head_commit, is_fork, state, opened_at, changed_at) "
        "values ($1, 7, 'github', 'a', true, 'open', now(), now())",
        project,
    )

    async def asked(commit: str) -> Build:
        return await yard.ask(
            project, commit, "refs/pull/7", trigger=Trigger.PULL_REQUEST, trust=Trust.FORK, actor="mallory"
        )

    build = await asked("a" * 40)
    assert (build.state, build.queued_at, build.branch) == (BuildState.WAITING, None, "pr-7")
    approved = await yard.builds.approve(ada, build.id)
    assert (approved.state, approved.reason) == (BuildState.QUEUED, "")
    assert (await asked(OTHER)).state is BuildState.WAITING
    with pytest.raises(Conflict):
        await yard.builds.approve(ada, build.id)
    await yard.execute("update builds set state = 'failed' where id = $1", build.id)
    again = await yard.builds.retry(ada, build.id)
    assert (again.state, again.trust) == (BuildState.QUEUED, Trust.FORK)


async def test_what_a_member_asks_for_of_a_fork_is_still_the_forks(yard: Yard, ada: Identity) -> None:
    copy = await yard.repository(project := await yard.project(ada))
    head = support.git(copy, "rev-parse", "HEAD")
    await yard.execute(
        "insert into pull_requests (project_id, number, provider, head_commit, is_fork, state, opened_at, changed_at) "
        "values ($1, 7, 'github', $2, true, 'open', now(), now())",
        project, head,
    )  # fmt: skip
    build = await yard.builds.ask(ada, "ada", "garden", ref="refs/pull/7")
    assert (build.commit, build.trust, build.state) == (head, Trust.FORK, BuildState.WAITING)
    with pytest.raises(InvalidInput, match="no branch, tag or pull request refs/pull/8"):
        await yard.builds.ask(ada, "ada", "garden", ref="refs/pull/8")
    # Fetched, and not yet written down whose it is.
    support.git(copy, "push", "-q", "origin", "HEAD:refs/pull/8")
    unknown = await yard.builds.ask(ada, "ada", "garden", ref="refs/pull/8")
    assert (unknown.trust, unknown.state) == (Trust.FORK, BuildState.WAITING)


async def test_nobody_fills_the_queue(yard: Yard, ada: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    await yard.repository(await yard.project(ada))
    monkeypatch.setattr(builds, "MOST_WAITING", 2)
    asked = [yard.builds.ask(ada, "ada", "garden", forced=True) for _ in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, Build) for answer in answers) == 2
    assert sum(isinstance(answer, LimitReached) for answer in answers) == 4
    first = await yard.builds.of_number(ada, "ada", "garden", 1)
    await yard.execute("update builds set state = 'failed' where id = $1", first.id)
    again = await asyncio.gather(*(yard.builds.retry(ada, first.id) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(answer, LimitReached) for answer in again) == 2


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "refs/firefly/x", "x" * 1001])
async def test_what_is_no_name_of_a_branch_is_refused(yard: Yard, ada: Identity, name: str) -> None:
    await yard.project(ada)
    with pytest.raises(FireflyError):
        await yard.builds.list(ada, "ada", "garden", ref=name or " ")


async def test_what_changed_since_a_branch_went_well_is_named_also_for_its_first_build(
    yard: Yard, ada: Identity
) -> None:
    copy = await yard.repository(await yard.project(ada))
    changes = Changes(database=yard.database, git=yard.git, repositories=yard.repositories)
    good = await yard.builds.ask(ada, "ada", "garden")
    assert (await changes.since_good(good)).since is None
    await yard.execute("update builds set state = 'succeeded' where id = $1", good.id)
    for subject in ("Sow", "Water \x1b[31m"):
        support.git(copy, "commit", "--allow-empty", "-qm", subject)
    support.git(copy, "push", "-q", "origin", "HEAD:beds")
    bad = await yard.builds.ask(ada, "ada", "garden", ref="beds")
    found = await changes.since_good(bad)
    assert found.since is not None
    assert (found.since.id, found.more) == (good.id, False)
    assert [one.subject for one in found.commits] == ["Water [31m", "Sow"]
    assert found.commits[0].commit == bad.commit
    await yard.execute("update builds set commit = $2 where id = $1", good.id, "a" * 40)
    assert (await changes.since_good(bad)).commits == ()


async def test_one_that_was_not_looked_at_yet_is_explained_by_what_the_projects_settings_say(
    yard: Yard, ada: Identity
) -> None:
    await yard.repository(project := await yard.project(ada))
    explaining = Explaining(database=yard.database, git=yard.git, repositories=yard.repositories)
    build = await yard.builds.ask(ada, "ada", "garden")
    assert (await explaining.explain(build)).configured_by is None
    await yard.execute(
        "insert into build_settings (project_id, configuration, configuration_forced) values ($1, $2, true)",
        project, "run: [./serve]\n",
    )  # fmt: skip
    plan = await explaining.explain(build)
    assert (plan.run, plan.configured_by) == (("./serve",), "the project's settings, which are forced,")
