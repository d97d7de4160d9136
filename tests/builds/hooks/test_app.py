"""The GitHub App's own hook: signed with its secret, and led to the projects of the repositories that it is about."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from firefly.builds.hooks.app_receiving import AppReceived, AppReceiver
from firefly.builds.hooks.deliveries import DeliveryState
from firefly.errors import InvalidInput, RateLimited, Unavailable
from firefly.git.providers.signatures import Refused
from firefly.linking import Connections, Offers, Vault
from firefly.linking.apps import AppKeys, Apps
from firefly.linking.news import AppNews
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.testing.providers import TwinPull

from . import app_payloads as payloads
from .conftest import Post
from .payloads import github_pull, sign

SECRET = "the secret of the App's own hook"
MAIN = "refs/heads/main"


@dataclass
class AppPost:
    """`number` is the repository's, at GitHub."""

    post: Post
    news: AppNews
    receiver: AppReceiver
    number: int

    async def send(self, event: str, payload: Any, *, delivery: str = "", secret: str = SECRET) -> AppReceived:
        fields, body = sign("github", event, payload, secret, delivery=delivery)
        self.post.yard.clock.advance(0.001)
        return await self.receiver.receive({name.lower(): value for name, value in fields.items()}, body)


@pytest.fixture
async def app(post: Post, keyring: Keyring, settings: Settings) -> AppPost:
    yard, linked = post.yard, post.linked
    settings = settings.model_copy(update={"github_url": post.server.base_url("github")})
    apps = Apps(yard.database, keyring, yard.clock, settings)
    keys = AppKeys(url=apps.url, app_id="7", key="-", hook_secret=SECRET, name="Firefly")
    async with yard.database.transaction() as connection:
        owner = await connection.fetchval("select owner_id from projects where id = $1", post.project_id)
        await apps.put(keys, by=owner, connection=connection)
    connections = Connections(
        database=yard.database, bus=yard.bus, audit=yard.audit, clock=yard.clock, vault=Vault(keyring),
        offers=Offers(settings, linked.transport, apps), transport=linked.transport,
    )  # fmt: skip
    news = AppNews(database=yard.database, clock=yard.clock, apps=apps, links=post.links, connections=connections)
    return AppPost(post, news, AppReceiver(news, post.receiver), post.repository.number)


async def test_events_of_a_repository_reach_its_projects_once(app: AppPost) -> None:
    post = app.post
    head = await post.branch("1")
    push = payloads.app_push(app.number, "refs/heads/changes", "a" * 40, head)
    assert await app.send("push", push, delivery="one") == AppReceived("received", 1)
    assert await app.send("push", push, delivery="one") == AppReceived("repeated", 0)
    opened = payloads.of_repository(github_pull("opened", 4, head), app.number)
    post.repository.pulls[4] = TwinPull(4, "Changes", "changes", head)
    assert await app.send("pull_request", opened) == AppReceived("received", 1)
    assert await app.send("push", payloads.app_push(7, MAIN, "a" * 40, head)) == AppReceived("ignored", 0)
    assert await app.send("star", payloads.app_repository("created", app.number)) == AppReceived("ignored", 0)
    assert await app.send("ping", {"zen": "Design for failure.", "hook_id": 1}) == AppReceived("ignored", 0)
    await post.work()
    assert [(build.ref, build.commit) for build in await post.builds()] == [
        ("refs/heads/changes", head), ("refs/pull/4", head),
    ]  # fmt: skip
    listed = [(one.event, one.projects) for one in await app.news.list()]
    assert listed == [("ping", 0), ("star", 0), ("push", 0), ("pull_request", 1), ("push", 1)]


async def test_who_may_read_and_where_it_is_installed_is_looked_at_at_once(app: AppPost) -> None:
    post = app.post
    sent = [
        ("installation", payloads.installation("suspend")),
        ("installation", payloads.installation("created", [app.number])),
        ("installation_repositories", payloads.installation_repositories("removed", removed=[app.number])),
        ("installation_repositories", payloads.installation_repositories("added", added=[app.number])),
        ("membership", payloads.membership()),
        ("team", payloads.team()),
        ("team", payloads.team(app.number)),
        ("team_add", payloads.team(app.number)),
        ("organization", payloads.organization()),
        ("member", payloads.app_repository("removed", app.number) | {"member": {"login": "bob"}}),
        ("repository", payloads.app_repository("archived", app.number)),
    ]
    for event, payload in sent:
        assert await app.send(event, payload) == AppReceived("received", 1), event
    for event, payload in (
        ("installation_repositories", payloads.installation_repositories("removed", removed=[7])),
        ("team", payloads.team(7)),
        ("installation_target", payloads.renamed() | {"account": {"login": "others", "id": 1}}),
    ):
        assert await app.send(event, payload) == AppReceived("ignored", 0), event
    await post.work()
    assert post.linked.rechecked == [post.link.id] * len(sent)
    assert {one.state for one in (await post.deliveries.list(post.project_id))[0]} == {DeliveryState.HANDLED}


async def test_what_becomes_private_or_vanishes_is_hidden_before_all_else(app: AppPost) -> None:
    await app.send("push", payloads.app_push(app.number, MAIN, "a" * 40, "b" * 40))
    await app.send("repository", payloads.app_repository("privatized", app.number))
    assert app.post.linked.hidden == [app.post.project_id], "though the push waits"
    app.post.repository.is_private = False
    await app.send("repository", payloads.app_repository("deleted", app.number))
    del app.post.server.repositories["github", "acme/site"]
    await app.post.work()
    assert app.post.linked.hidden[1:] == [app.post.project_id] * 2


async def test_wrong_ones_are_refused_and_leave_nothing(app: AppPost) -> None:
    push = payloads.app_push(app.number, MAIN, "a" * 40, "b" * 40)
    for secret in ("not the secret of the App's hook", app.post.link.hook_secret):
        with pytest.raises(Refused):
            await app.send("push", push, secret=secret)
    assert await app.news.list() == []
    with pytest.raises(InvalidInput):
        await app.send("push", {"ref": 1})
    with pytest.raises(InvalidInput):
        await app.send("push", b"{")
    async with app.post.yard.database.connection() as connection:
        await connection.execute("update github_apps set url = url || '/elsewhere'")
    with pytest.raises(Refused):
        await app.send("push", push)
    assert [(one.event, one.projects, bool(one.reason)) for one in await app.news.list()] == [("push", 0, True)] * 2
    assert (await app.post.deliveries.list(app.post.project_id))[0] == []


async def test_a_project_with_too_many_waiting_takes_no_more_for_now(
    app: AppPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = payloads.app_push(app.number, MAIN, "a" * 40, "b" * 40)

    async def full(project_id: UUID) -> bool:
        return True

    monkeypatch.setattr(app.post.deliveries, "is_full", full)
    with pytest.raises(RateLimited):
        await app.send("push", push, delivery="one")
    monkeypatch.undo()
    assert await app.send("push", push, delivery="one") == AppReceived("received", 1)


async def test_leave_that_is_taken_back_is_heeded_once_and_again_where_that_broke_off(
    app: AppPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def heard(user_id: str) -> None:
        told.append(user_id)
        if len(told) == 1:
            raise Unavailable("GitHub does not answer.")

    monkeypatch.setattr(app.news, "revoked", heard)
    with pytest.raises(Unavailable):
        await app.send("github_app_authorization", payloads.revoked(4), delivery="one")
    assert await app.news.list() == []
    for state in ("received", "repeated"):
        assert await app.send("github_app_authorization", payloads.revoked(4), delivery="one") == AppReceived(state, 0)
    assert told == ["4", "4"]


async def test_a_connection_that_cannot_be_looked_at_keeps_none_of_the_others_from_it(
    app: AppPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[UUID] = []

    async def check(id: UUID) -> None:
        looked.append(id)
        if len(looked) == 1:
            raise Unavailable("GitHub does not answer.")

    monkeypatch.setattr(app.news._connections, "check", check)
    for name in ("bob", "eve"):
        who = await app.post.yard.person(name)
        await app.post.yard.execute(
            "insert into provider_connections (account_id, provider, url, kind, login, user_id, sealed, state, "
            "created_at, checked_at, next_check) values ($1, 'github', $2, 'oauth', 'octo', '4', '', 'working', now(), "
            "now(), now())",
            who.account.id,
            app.news._apps.url,
        )
    with pytest.raises(Unavailable):
        await app.send("github_app_authorization", payloads.revoked(4))
    assert len(looked) == 2
