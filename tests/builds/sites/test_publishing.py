"""What was built, started, looked at, routed, replaced, narrowed and ended, in real sandboxes."""

import asyncio

import pytest

from firefly.builds.model import SiteState, Trust
from firefly.errors import NotFound, Withheld
from firefly.protocol.application import LISTEN
from firefly.routes import Access
from firefly.testing.clock import ManualClock
from tests.builds.sites.stage import DOMAIN, Stage, project


async def test_a_site_takes_the_place_of_another_when_it_answers_and_not_before(
    stage: Stage, clock: ManualClock
) -> None:
    stage.shop.secrets = {"TOKEN": "secret-of-the-project"}
    first = await stage.show(project("one", "urls: [api]\n"))
    assert first.hosts == ("main--garden--ada.preview.localhost", "api--main--garden--ada.preview.localhost",
                           "build-1--garden--ada.preview.localhost")  # fmt: skip
    assert first.workspace_id is not None
    for label in ("main--garden--ada", "api--main--garden--ada", "build-1--garden--ada"):
        assert stage.leads(label) == first.workspace_id
    assert await stage.says(first.workspace_id) == "one secret-of-the-project 1"

    # One whose application ends says why, and nothing of it is shown.
    crashed, log = await stage.publish(
        await stage.build({"firefly.yml": "run: 'echo oh no, API_KEY is not set >&2; exit 3'\n"})
    )
    assert (crashed.state, crashed.hosts) == (SiteState.FAILED, ())
    assert crashed.reason == (
        "The application ended with exit status 3. See its output. The variable API_KEY is not set. "
        "Set it with `firefly secret set PROJECT API_KEY`, or under `env` in firefly.yml."
    )
    assert [(step.name, step.state.value) for step in log.steps] == [("start", "failed")]
    assert b"oh no" in log.steps[0].err
    assert stage.leads("main--garden--ada") == first.workspace_id
    silent = {"firefly.yml": "run: sleep 1000\nport: 3000\nhealth: {timeout: 1s}\n"}
    deaf, _ = await stage.publish(await stage.build(silent))
    assert (deaf.state, deaf.reason) == (SiteState.FAILED, f"Nothing listens on port 3000 after 1 s. {LISTEN}")

    third = await stage.show(project("three"))
    assert stage.leads("main--garden--ada") == third.workspace_id != first.workspace_id
    # What is not asked for any more is gone with it; a build's own address stays.
    assert stage.leads("api--main--garden--ada") is None
    assert stage.leads("build-1--garden--ada") == first.workspace_id
    replaced = await stage.records.find(first.id)
    assert replaced is not None
    assert (replaced.state, replaced.reason) == (SiteState.REPLACED, "Build 4 took its place.")

    # What visitors had begun has its time, and then it is stopped; who opens it again starts it from its artifact.
    assert await stage.draining.look()
    assert await stage.runs(first)
    clock.advance(11)
    assert not await stage.draining.look()
    assert not await stage.runs(first)
    assert await stage.says(first.workspace_id) == "one secret-of-the-project 1"

    # What nobody opens for a week is emptied, but for what is shown as the newest; it comes back all the same.
    for site in (first, third):
        assert site.workspace_id is not None
        await stage.keeper.stop(site.workspace_id, "It sleeps.")
    clock.advance(8 * 86400)
    await stage.ends.sweep()
    assert not await stage.draining.look()
    assert await stage.emptied() == {first.id, crashed.id, deaf.id}
    assert await stage.says(first.workspace_id) == "one secret-of-the-project 1"
    assert await stage.emptied() == {crashed.id, deaf.id}


async def test_of_two_that_are_shown_at_once_the_newer_one_has_the_branch(stage: Stage) -> None:
    older, newer = await stage.build(project("older")), await stage.build(project("newer"))
    (one, _), (two, _) = await asyncio.gather(stage.publish(older), stage.publish(newer))
    assert (one.state, two.state) in {
        (SiteState.REPLACED, SiteState.LIVE), (SiteState.LIVE, SiteState.LIVE)
    }  # fmt: skip
    assert stage.leads("main--garden--ada") == two.workspace_id
    assert stage.leads("build-1--garden--ada") == one.workspace_id
    # Also where the older one comes after the newer one was shown.
    again, _ = await stage.publish(older)
    assert (again.shows, again.reason) == ("build", "A newer build is shown. It has an address of its own only.")
    assert stage.leads("main--garden--ada") == two.workspace_id


async def test_what_does_not_start_by_hand_keeps_its_branch_and_what_is_shown_already_does_not_fail(
    stage: Stage,
) -> None:
    older, newer = await stage.build(project("older")), await stage.build(project("newer"))
    await stage.publish(older)
    stage.sites._apply = broken
    with pytest.raises(RuntimeError):
        await stage.publish(newer)
    shown = await stage.site(newer)
    assert (shown.state, await stage.runs(shown)) == (SiteState.LIVE, True)

    stage.sites._apply = stage.apply
    assert shown.workspace_id is not None
    await stage.keeper.stop(shown.workspace_id, "It sleeps.")
    await stage.yard.execute(
        "update builds set plan = jsonb_set(plan, '{run}', '[\"exit 3\"]') where id = $1", newer.id
    )
    failed, _ = await stage.publish(newer)
    assert (failed.state, failed.reason) == (
        SiteState.STOPPED,
        "The application ended with exit status 3. See its output.",
    )
    again, _ = await stage.publish(older)
    assert again.reason == "A newer build is shown. It has an address of its own only."
    await stage.apply([f"main--garden--ada.{DOMAIN}"])
    assert stage.leads("main--garden--ada") == failed.workspace_id
    with pytest.raises(Withheld, match="It starts again from the page of build 2"):
        await stage.keeper.ensure(shown.workspace_id)


async def broken(hosts: list[str]) -> None:
    raise RuntimeError("The server ends here.")


async def test_a_pull_request_of_a_fork_has_no_secrets_is_narrowed_and_leaves_nothing(stage: Stage) -> None:
    stage.shop.secrets = {"TOKEN": "secret-of-the-project"}
    await stage.yard.execute("update projects set visibility = 'public'")
    await stage.yard.execute(
        "insert into pull_requests (project_id, number, provider, head_commit, state, opened_at, changed_at)"
        " values ($1, 7, 'github', repeat('a', 40), 'open', now(), now())", stage.shop.project_id,
    )  # fmt: skip
    await stage.yard.execute("update pull_requests set approved_commit = head_commit")
    files = project("fork", "preview: {access: members}\nurls: [api]\n")
    build = await stage.build(files, ref="refs/pull/7", trust=Trust.FORK)
    site, _ = await stage.publish(build)
    assert site.state is SiteState.LIVE, site
    assert site.workspace_id is not None
    assert site.hosts[0] == "pr-7--garden--ada.preview.localhost"
    assert stage.access("pr-7--garden--ada") is Access.ONLY_MEMBERS
    assert await stage.says(site.workspace_id) == "fork None 1"

    # It is closed, and nobody was told: what compares finds it.
    assert await stage.ends.sweep() == 0
    await stage.yard.execute("update pull_requests set state = 'merged'")
    assert await stage.ends.sweep() == 1
    gone = await stage.records.find(site.id)
    assert gone is not None
    assert (gone.state, gone.reason) == (SiteState.REMOVED, "Pull request 7 is closed.")
    assert stage.leads("pr-7--garden--ada") is None
    assert not await stage.runs(site)
    # What finishes too late is not shown.
    late, _ = await stage.publish(await stage.build(files | {"more": "x"}, ref="refs/pull/7", trust=Trust.FORK))
    assert (late.state, late.hosts) == (SiteState.FAILED, ())
    # Its own address starts from the artifact; without one it is gone.
    assert await stage.says(site.workspace_id) == "fork None 1"
    await stage.keeper.stop(site.workspace_id, "Enough.")
    await stage.yard.execute("update builds set artifact = null where id = $1", build.id)
    with pytest.raises(NotFound, match="Build it again"):
        await stage.keeper.ensure(site.workspace_id)
