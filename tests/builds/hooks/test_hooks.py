"""Hooks: taken when they are signed, once each, and followed by what they ask for."""

import asyncio
from collections.abc import Mapping
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.auth import Identity
from firefly.builds.hooks import deliveries, sweeping, working
from firefly.builds.hooks.deliveries import KEPT, DeliveryState, HookDelivery
from firefly.builds.hooks.working import MOST_ATTEMPTS
from firefly.builds.model import BuildState, Trigger, Trust
from firefly.errors import InvalidInput, RateLimited, Unavailable
from firefly.git.flow import background
from firefly.git.links import LinkState, ProviderLink
from firefly.git.providers import PROVIDERS
from firefly.git.providers.signatures import Refused
from firefly.testing.providers import TwinPull, TwinRepository
from firefly.waiting import happens
from tests.git import support
from tests.support.waiting import eventually

from .conftest import Post
from .datacenter_payloads import datacenter_repository
from .payloads import EVENTS, PUSHES, ZEROS, gitea_delete, github_push, github_repository, pull, sign

MAIN = "refs/heads/main"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_push_is_fetched_and_built_and_a_deleted_branch_ends(post: Post) -> None:
    first = await post.push()
    second = await post.push("refs/heads/feature/a", message="two")
    tag = await post.push("refs/tags/v1", message="three")
    await post.delete("refs/heads/feature/a", second)

    built = [(build.ref, build.commit, build.trigger, build.trust) for build in await post.builds()]
    assert built == [
        (MAIN, first, Trigger.WEBHOOK, Trust.PROJECT),
        ("refs/heads/feature/a", second, Trigger.WEBHOOK, Trust.PROJECT),
        ("refs/tags/v1", tag, Trigger.WEBHOOK, Trust.PROJECT),
    ]
    assert (await post.builds())[0].actor in ("Codertocat", "jsmith", "evzijst", "gitea", "admin")
    assert await post.ended() == [("refs/heads/feature/a", "feature/a was deleted.")]
    assert "refs/heads/feature/a" not in await post.yard.repositories.refs(post.project_id)
    newest = await post.newest()
    assert (newest.state, newest.summary) == (DeliveryState.HANDLED, "push: deleted feature/a")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_pull_request_from_its_opening_to_its_end(post: Post) -> None:
    first = await post.branch("1")
    await post.pull("opened", 4, first)
    second = await post.branch("2")
    await post.pull("synchronised", 4, second)

    builds = await post.builds()
    assert [(build.ref, build.commit, build.trust) for build in builds] == [
        ("refs/pull/4", first, Trust.PROJECT),
        ("refs/pull/4", second, Trust.PROJECT),
    ]
    assert builds[0].state is BuildState.SUPERSEDED
    known = await post.pulls.find(post.project_id, 4)
    assert known is not None
    assert (known.state, known.head_commit) == ("open", second)
    await post.pull("merged", 4, second)
    known = await post.pulls.find(post.project_id, 4)
    assert known is not None
    assert known.state == "merged"
    assert await post.ended() == [("refs/pull/4", "Pull request 4 was merged.")]
    assert "refs/pull/4" not in await post.yard.repositories.refs(post.project_id)
    # An old call, sent once more.
    await post.send(*pull(post.provider, "opened", 4, second))
    await post.work()
    assert len(await post.builds()) == 2


@pytest.mark.parametrize("provider", ["github", "bitbucket"])
async def test_a_forks_waits_for_approval(post: Post) -> None:
    await post.pull("opened", 5, await post.branch("1"), fork="eve/site")
    (build,) = await post.builds()
    assert (build.trust, build.state) == (Trust.FORK, BuildState.WAITING)


async def test_a_forks_stays_a_forks_whoever_asks_for_it(post: Post, ada: Identity) -> None:
    await post.pull("opened", 5, await post.branch("1"), fork="eve/site")
    asked = await post.yard.builds.ask(ada, "ada", "garden", ref="refs/pull/5", forced=True)
    assert (asked.number, asked.trust, asked.state) == (2, Trust.FORK, BuildState.WAITING)
    assert (await post.yard.builds.approve(ada, asked.id)).state is BuildState.QUEUED


async def test_a_pull_request_whose_commit_is_not_there_yet_is_looked_at_again(post: Post) -> None:
    old = await post.branch("1")
    await post.pull("opened", 4, "f" * 40)
    assert await post.builds() == []
    post.repository.pulls[4].head_commit = old
    post.yard.clock.advance(30)
    await post.work()
    assert [build.commit for build in await post.builds()] == [old]


async def test_one_that_was_lost_is_missed_by_the_sweep(post: Post) -> None:
    commit = await post.branch("1")
    await post.pull("opened", 6, commit)
    del post.repository.pulls[6]
    post.repository.pulls[4] = TwinPull(4, "Changes", "changes", commit)
    assert await post.sweep.look() == 1
    assert await post.sweep.look() == 0, "it was looked at a moment ago"
    assert [(build.ref, build.trigger) for build in await post.builds()] == [
        ("refs/pull/6", Trigger.WEBHOOK), ("refs/pull/4", Trigger.SWEEP),
    ]  # fmt: skip
    assert await post.ended() == [("refs/pull/6", "Pull request 6 was closed.")]

    post.repository.pulls[4].head_commit = newer = await post.branch("2")
    for _ in range(2):
        post.yard.clock.advance(1000)
        assert await post.sweep.look() == 1
    assert [build.commit for build in await post.builds()] == [commit, commit, newer]
    post.repository.pulls[4].state = "merged"
    post.yard.clock.advance(1000)
    await post.sweep.look()
    assert (await post.ended())[-1] == ("refs/pull/4", "Pull request 4 was merged.")


async def test_links_of_one_owner_keep_those_of_others_from_no_sweep(
    post: Post, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard, answering, looked = post.yard, asyncio.Event(), []
    provider = await post.linked.provider(post.link)
    found = await provider.repository("acme/site")
    bobs = await yard.project(await yard.person("bob"), "park")
    for project_id in (await yard.project(ada, "second"), await yard.project(ada, "third"), bobs):
        await post.links.add(
            project_id, post.provider, post.link.base_url, found, credential=post.link.credential,
            state=LinkState.LINKED,
        )  # fmt: skip

    async def look_at(link: ProviderLink, project_id: UUID) -> None:
        if project_id != bobs:
            await answering.wait()
        looked.append(project_id)
        answering.set()

    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    monkeypatch.setattr(post.sweep, "_look_at", look_at)
    async with asyncio.timeout(30):
        assert await post.sweep.look() == 2
        assert looked[0] == bobs
        assert await post.sweep.look() == 2
    assert len(set(looked)) == 4


async def test_a_provider_that_tells_nonsense_of_its_pull_requests_ends_no_sweep(post: Post) -> None:
    post.repository.pulls[4] = TwinPull(4, "Changes", "changes", await post.branch("1"))
    post.repository.pulls[1 << 40] = TwinPull(1 << 40, "Changes", "changes", "a" * 40)
    assert await post.sweep.look() == 1
    del post.repository.pulls[1 << 40]
    post.repository.pulls[4].title = "a\0b"
    post.yard.clock.advance(1000)
    assert await post.sweep.look() == 1
    assert [build.ref for build in await post.builds()] == ["refs/pull/4"]


async def test_what_comes_twice_is_handled_once(post: Post) -> None:
    payload = github_push(MAIN, "a" * 40, support.git(post.there, "rev-parse", "HEAD"))
    assert (await post.send("push", payload, delivery="one")).state == "received"
    assert (await post.send("push", payload, delivery="one")).state == "repeated"
    await post.work()
    assert (await post.send("push", payload, delivery="one")).state == "repeated"
    assert (await post.send("push", payload, delivery="two")).state == "received"
    await post.work()
    assert len(await post.builds()) == 1, "a replay under another id asks for nothing new"
    assert len((await post.deliveries.list(post.project_id))[0]) == 2


async def test_wrong_ones_are_refused_alike_and_leave_nothing(post: Post) -> None:
    payload = github_push(MAIN, "a" * 40, "b" * 40)
    fields, body = sign("github", "push", payload, "not the secret of the hook")
    headers = {name.lower(): value for name, value in fields.items()}
    sentences = set()
    for project_id, provider in ((post.project_id, "github"), (uuid4(), "github"), (post.project_id, "gitlab")):
        with pytest.raises(Refused) as refused:
            await post.receiver.receive(provider, project_id, headers, body)
        sentences.add(refused.value.detail)
    assert len(sentences) == 1
    assert await post.deliveries.list(post.project_id) == ([], None)


async def test_unknown_events_are_noted_and_nonsense_is_told(post: Post) -> None:
    assert (await post.send("star", {"action": "created"})).state == "ignored"
    for nonsense in (
        b"{",
        b"[]",
        b'{"ref": 5}',
        b"\xff\xfe",
        b'{"ref": "refs/heads/../../x y", "after": "' + b"a" * 40,
    ):
        with pytest.raises(InvalidInput, match="payload"):
            await post.send("push", nonsense)
    found, _ = await post.deliveries.list(post.project_id)
    assert {one.state for one in found} == {DeliveryState.IGNORED, DeliveryState.FAILED}
    assert not await post.worker.step()


async def test_what_a_project_does_not_want_is_not_built(post: Post) -> None:
    await post.yard.execute("insert into build_settings (project_id, policy) values ($1, 'none')", post.project_id)
    await post.push()
    assert (await post.newest()).reason == "main: This project builds nothing by itself."
    await post.pull("opened", 4, await post.branch("1"))
    assert (await post.newest()).reason == "This project does not build pull requests."
    assert await post.builds() == []


async def test_a_force_push_is_built_and_an_event_that_came_late_is_not(post: Post) -> None:
    old = await post.push(message="one")
    support.git(post.there, "reset", "-q", "--hard", "HEAD~1")
    new = await post.push(message="two", forced=True)
    assert [build.commit for build in await post.builds()] == [old, new]
    await post.send("push", github_push(MAIN, "a" * 40, old))
    await post.work()
    assert [build.commit for build in await post.builds()] == [old, new]
    assert (await post.newest()).reason == "main names something else here."


async def test_where_the_provider_is_away_it_is_tried_again_and_later_ones_wait(post: Post) -> None:
    post.linked.failure = Unavailable("The provider is away.")
    await post.push(message="one")
    waiting = await post.newest()
    assert (waiting.state, waiting.reason) == (DeliveryState.RECEIVED, "The provider is away.")
    await post.push(message="two")
    assert await post.builds() == []
    assert (await post.newest()).attempts == 0, "one after another"
    post.linked.failure = None
    post.yard.clock.advance(30)
    await post.work()
    assert {one.state for one in (await post.deliveries.list(post.project_id))[0]} == {DeliveryState.HANDLED}


async def test_one_that_never_works_is_given_up_and_can_be_handled_once_more(post: Post) -> None:
    post.linked.failure = Unavailable("The provider is away.")
    await post.push()
    for _ in range(MOST_ATTEMPTS):
        post.yard.clock.advance(1000)
        await post.work()
    failed = await post.newest()
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, MOST_ATTEMPTS)
    post.linked.failure = None
    assert await post.deliveries.redeliver(post.project_id, failed.id)
    assert not await post.deliveries.redeliver(uuid4(), failed.id)
    await post.work()
    assert (await post.newest()).state is DeliveryState.HANDLED
    assert len(await post.builds()) == 1


async def test_a_refused_token_breaks_the_link(post: Post) -> None:
    post.server.token = "another"
    await post.send("repository", github_repository("renamed", "acme/new"))
    await post.work()
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert link.state is LinkState.BROKEN
    assert "token" in link.reason


async def test_a_repository_that_is_renamed_hidden_or_deleted_there(post: Post) -> None:
    post.server.repositories["github", "acme/new"] = post.server.repositories.pop(("github", "acme/site"))
    post.repository.path = "acme/new"
    await post.send("repository", github_repository("renamed", "acme/new"))
    post.repository.is_private = False
    await post.send("public", github_repository("", "acme/new"))
    await post.send("member", {"action": "removed", "member": {"login": "eve"}, **github_repository("", "acme/new")})
    await post.work()
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert (link.repository, link.is_private) == ("acme/new", False)
    assert post.linked.rechecked == [link.id] * 3
    post.server.add(TwinRepository("github", "acme/other"))
    await post.send("repository", github_repository("renamed", "acme/other"))
    await post.work()
    assert (await post.newest()).reason == "acme/other is another repository than the project's."
    # One that is there all the same was not deleted, whatever an old call says.
    await post.send("repository", github_repository("deleted", "acme/new"))
    await post.work()
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert link.state is LinkState.LINKED
    post.server.repositories.clear()
    await post.send("repository", github_repository("deleted", "acme/new"))
    await post.work()
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert (link.state, link.reason[:41]) == (LinkState.BROKEN, "The repository acme/new was deleted there")


NEWS: Mapping[str, tuple[str, Any]] = {
    "github": ("member", {"action": "removed", "member": {"login": "eve"}, **github_repository("")}),
    "gitlab": ("Member Hook", {"event_name": "user_remove_from_group", "user_username": "eve", "group_id": 100}),
    "bitbucket": ("repo:updated", {"repository": {"full_name": "acme/site", "uuid": "{1}"}, "changes": {}}),
    "bitbucketdc": ("repo:modified", {"old": datacenter_repository(), "new": datacenter_repository()}),
    "gitea": ("repository", github_repository("created")),
}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_of_every_provider_an_event_has_it_asked_who_may_read(post: Post) -> None:
    """Neither Bitbucket nor Gitea have any about people: what they tell of the repository does, and each day does."""
    await post.send(*NEWS[post.provider])
    await post.work()
    assert post.linked.rechecked == [post.link.id]


async def test_what_a_hook_of_a_whole_organisation_tells_of_others_does_no_harm(post: Post) -> None:
    await post.send("repository", github_repository("privatized", "acme/sibling"))
    await post.send("repository", github_repository("deleted", "acme/sibling"))
    await post.work()
    link = await post.links.of_project(post.project_id)
    assert link is not None
    assert (link.state, post.linked.hidden, post.linked.rechecked) == (LinkState.LINKED, [], [link.id] * 2)
    await post.send("repository", github_repository("privatized"))
    assert post.linked.hidden == [post.project_id]


@pytest.mark.parametrize("provider", ["gitea"])
async def test_gitea_tells_a_deletion_by_an_event_of_its_own(post: Post) -> None:
    await post.push("refs/heads/gone")
    support.git(post.there, "push", "-q", "origin", ":refs/heads/gone")
    await post.send("delete", gitea_delete("gone"))
    await post.work()
    assert await post.ended() == [("refs/heads/gone", "gone was deleted.")]


async def test_they_are_kept_for_a_month_and_paged(post: Post) -> None:
    for number in range(5):
        await post.send("star", {"number": number})
    first, cursor = await post.deliveries.list(post.project_id, limit=3)
    second, end = await post.deliveries.list(post.project_id, cursor=cursor, limit=3)
    assert len({one.id for one in (*first, *second)}) == 5
    assert end is None
    assert await post.deliveries.body(first[0].id) == b'{"number": 4}'
    with pytest.raises(InvalidInput):
        await post.deliveries.list(post.project_id, cursor="nonsense")
    post.yard.clock.advance(KEPT.total_seconds() + 1)
    await post.deliveries.forget()
    assert await post.deliveries.list(post.project_id) == ([], None)


async def test_who_sends_much_has_no_more_of_it_kept_meanwhile(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner may know the secret of his hook."""
    push = PUSHES[post.provider](MAIN, ZEROS, "a" * 40)
    monkeypatch.setattr(deliveries, "THINNED_AFTER", 5)
    monkeypatch.setattr(deliveries, "MOST_KEPT", 3)
    for number in range(5):
        await post.send("star", {"number": number})
    assert len((await post.deliveries.list(post.project_id))[0]) == 3
    # What does not compress, and is as large as all together may be.
    monkeypatch.setattr(deliveries, "MOST_BYTES", 4000)
    monkeypatch.setattr(deliveries, "LARGE", 500)
    for _ in range(2):
        await post.send("star", {"noise": token_hex(3000)})
    kept = (await post.deliveries.list(post.project_id))[0]
    assert [one.is_kept for one in kept] == [True, False, False]
    # So it is with what waits.
    await post.send(EVENTS[post.provider]["push"], {**push, "noise": token_hex(4000)})
    with pytest.raises(RateLimited):
        await post.send(EVENTS[post.provider]["push"], push)


async def test_an_owner_whose_provider_is_slow_keeps_no_other_waiting(
    post: Post, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard, answering, handled = post.yard, asyncio.Event(), asyncio.Queue[UUID]()
    second, bobs = await yard.project(ada, "second"), await yard.project(await yard.person("bob"), "park")
    for project_id in (post.project_id, second, bobs):
        yard.clock.advance(1)
        await post.deliveries.add(
            project_id, post.provider, delivery="one", event="push", summary="", body=b"{}",
            state=DeliveryState.RECEIVED,
        )  # fmt: skip

    async def handle(delivery: HookDelivery) -> tuple[DeliveryState, str]:
        if delivery.project_id != bobs:
            await answering.wait()
        handled.put_nowait(delivery.project_id)
        return DeliveryState.HANDLED, ""

    monkeypatch.setattr(post.worker._handling, "handle", handle)
    async with background(post.worker.run()), asyncio.timeout(30):
        assert await handled.get() == bobs
        answering.set()
        assert {await handled.get(), await handled.get()} == {post.project_id, second}


async def test_a_ping_says_that_the_hook_works(post: Post) -> None:
    await post.send("ping", {"zen": "Keep it logically awesome.", "hook_id": 30, "hook": {"type": "Repository"}})
    await post.work()
    assert (await post.newest()).reason == "The hook works."


def test_each_provider_has_its_events() -> None:
    assert set(EVENTS) == set(PROVIDERS)


async def test_whatever_the_database_says_those_that_handle_go_on(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that comes too late, for one, is no sign that it is away."""
    claim, asked = post.deliveries.claim, asyncio.Event()

    async def late(*_: object) -> None:
        asked.set()
        raise TimeoutError

    monkeypatch.setattr(working, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(post.deliveries, "claim", late)
    monkeypatch.setattr(post.deliveries, "forget", late)
    running = asyncio.create_task(post.worker.run())
    try:
        assert await happens(asked, 30)
        monkeypatch.setattr(post.deliveries, "claim", claim)
        await post.send(EVENTS[post.provider]["push"], PUSHES[post.provider](MAIN, ZEROS, "a" * 40))

        async def is_handled() -> bool:
            return (await post.newest()).state is not DeliveryState.RECEIVED

        assert await eventually(is_handled)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
