"""Connecting to a provider: the whole way of OAuth, tokens that end, tokens that are taken away, and what is kept."""

import asyncio
from uuid import UUID

import aiohttp
import pytest
from yarl import URL

from firefly.auth import Identity
from firefly.errors import Forbidden, InvalidInput, LimitReached, NotFound, Unavailable
from firefly.git.providers.model import Credential, CredentialRefused
from firefly.linking import Connection, Connections, Kind, Need, State
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support.leave import Place
from tests.support.waiting import eventually


async def visit(page: str) -> dict[str, str]:
    """What the provider's page, where leave is given, sends the browser back with."""
    async with aiohttp.ClientSession() as browser, browser.get(URL(page, encoded=True), allow_redirects=False) as back:
        assert back.status == 302, await back.text()
        assert back.headers["Location"].startswith("http://localhost:0/auth/connections/callback?")
        return dict(URL(back.headers["Location"]).query)


async def connect(connections: Connections, who: Identity, need: Need = Need.READ) -> Connection:
    made, following = await connections.complete(
        who, await visit(await connections.begin(who, "gitea", need=need, next="/import"))
    )
    assert following == "/import"
    return made


async def test_leave_is_given_at_the_providers_page_for_the_least_and_for_more_when_it_is_needed(
    connections: Connections, gitea: Place, ada: Identity
) -> None:
    made = await connect(connections, ada)
    assert (made.provider, made.url, made.kind, made.login, made.state) == (
        "gitea", gitea.url, Kind.OAUTH, "octo", State.WORKING,
    )  # fmt: skip
    assert made.scopes == ["read:organization", "read:repository", "read:user"]
    assert gitea.oauth.asked[0]["scope"] == " ".join(made.scopes)
    assert gitea.oauth.tokens[(await connections.credential(made.id)).token] == "octo"
    with pytest.raises(Forbidden, match="has to allow Firefly more: write:repository") as caught:
        await connections.credential(made.id, need=Need.PUBLIC)
    assert caught.value.extra["need"] == "public"
    more = await connect(connections, ada, Need.PUBLIC)
    assert (more.id, "write:repository" in more.scopes) == (made.id, True)
    assert await connections.credential(made.id, need=Need.PUBLIC)
    assert [one.id for one in await connections.list(ada.account.id)] == [made.id]


async def test_what_a_page_sends_back_counts_once_in_its_session_and_for_ten_minutes(
    connections: Connections, clock: ManualClock, ada: Identity, bob: Identity
) -> None:
    back = await visit(await connections.begin(ada, "gitea", need=Need.READ, next="/"))
    for who, said in ((bob, back), (ada, {**back, "state": "forged"}), (ada, {"code": back["code"]})):
        with pytest.raises(Forbidden, match="did not begin that"):
            await connections.complete(who, said)
    await connections.complete(ada, back)
    with pytest.raises(Forbidden):
        await connections.complete(ada, back)
    late = await visit(await connections.begin(ada, "gitea", need=Need.READ, next="/"))
    clock.advance(601)
    with pytest.raises(Forbidden):
        await connections.complete(ada, late)


async def test_who_gives_no_leave_or_stole_the_code_is_not_connected(
    connections: Connections, gitea: Place, ada: Identity, bob: Identity
) -> None:
    page = await connections.begin(ada, "gitea", need=Need.READ, next="/")
    denied = {"state": URL(page, encoded=True).query["state"], "error": "access_denied"}
    with pytest.raises(InvalidInput, match="gave no leave"):
        await connections.complete(ada, denied)
    stolen = (await visit(await connections.begin(ada, "gitea", need=Need.READ, next="/")))["code"]
    own = await visit(await connections.begin(bob, "gitea", need=Need.READ, next="/"))
    # The verifier of another handshake does not fit the code.
    with pytest.raises(CredentialRefused, match="did not give a token"):
        await connections.complete(bob, {**own, "code": stolen})
    assert await connections.list(bob.account.id) == []


async def test_a_token_that_ends_is_renewed_once_by_all_who_need_it_at_once(
    connections: Connections, gitea: Place, clock: ManualClock, ada: Identity
) -> None:
    made = await connect(connections, ada)
    first = await connections.credential(made.id)
    assert await connections.credential(made.id) == first
    clock.advance(7200 - 60)
    renewed = await asyncio.gather(*(connections.credential(made.id) for _ in range(5)))
    assert (len(set(renewed)), len(gitea.oauth.spent), renewed[0] == first) == (1, 1, False)


async def test_a_connection_that_stopped_working_is_noticed_within_a_day_and_mended_by_connecting_again(
    connections: Connections, gitea: Place, clock: ManualClock, ada: Identity, database: Database
) -> None:
    gitea.oauth.lifetime = None
    made = await connect(connections, ada)
    assert await connections.look() == 0
    gitea.oauth.tokens.clear()
    clock.advance(24 * 3600)
    assert await connections.look() == 1
    (broken,) = await connections.list(ada.account.id)
    assert (broken.state, "Connect it again" in broken.reason) == (State.BROKEN, True)
    with pytest.raises(CredentialRefused, match="Connect it again"):
        await connections.credential(made.id)
    assert (await connections.check(made.id)).state is State.BROKEN
    async with database.connection() as connection:
        actions = await connection.fetch("select action from audit where action like 'connection.%' order by id")
    assert [row["action"] for row in actions] == ["connection.connected", "connection.broken"]
    assert (await connect(connections, ada)).state is State.WORKING
    assert await connections.credential(made.id)


async def test_a_refresh_token_that_was_taken_away_breaks_the_connection_when_it_is_used(
    connections: Connections, gitea: Place, clock: ManualClock, ada: Identity
) -> None:
    made = await connect(connections, ada)
    gitea.oauth.refreshes.clear()
    clock.advance(7200)
    with pytest.raises(CredentialRefused):
        await connections.credential(made.id)
    assert [one.state for one in await connections.list(ada.account.id)] == [State.BROKEN]


async def test_a_personal_access_token_is_enough_and_never_leaves_again(
    connections: Connections, gitea: Place, ada: Identity, bob: Identity, database: Database
) -> None:
    token = gitea.oauth.give("ada-there")
    made = await connections.put_token(ada, "gitea", url=gitea.url + "/", token=f" {token} ")
    assert (made.kind, made.login, made.url) == (Kind.TOKEN, "ada-there", gitea.url)
    assert await connections.credential(made.id, need=Need.PRIVATE) == Credential(token)
    async with database.connection() as connection:
        rows = await connection.fetch("select row_to_json(c)::text from provider_connections c")
    assert token not in str(rows) + repr(made)
    with pytest.raises(CredentialRefused):
        await connections.put_token(ada, "gitea", url=None, token="nonsense")
    with pytest.raises(NotFound):
        await connections.get(bob, str(made.id))
    with pytest.raises(InvalidInput, match="FIREFLY_IMPORT_ADDRESSES"):
        await connections.put_token(ada, "gitea", url="https://10.0.0.1", token=token)
    with pytest.raises(InvalidInput, match="must be a URL"):
        await connections.put_token(ada, "gitea", url="file:///etc", token=token)


async def test_disconnecting_revokes_at_the_provider_or_says_what_is_left(
    connections: Connections, gitea: Place, ada: Identity
) -> None:
    made = await connect(connections, ada)
    left = await connections.disconnect(ada, made.id)
    assert f"Remove it at {gitea.url}" in left
    assert await connections.list(ada.account.id) == []
    with pytest.raises(NotFound):
        await connections.credential(made.id)


async def test_a_provider_that_has_no_address_of_its_own_is_connected_at_one(
    connections: Connections, ada: Identity
) -> None:
    assert "bitbucketdc" not in {offer.provider for offer in await connections.offers.list()}
    with pytest.raises(InvalidInput, match="at which address"):
        await connections.put_token(ada, "bitbucketdc", url=None, token="sesame")
    with pytest.raises(NotFound, match="Connect first"):
        await connections.get(ada, "bitbucketdc")


async def test_an_account_has_so_many_connections_and_slow_ones_keep_few_others_waiting(
    connections: Connections, gitea: Place, clock: ManualClock, ada: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, gate = 0, asyncio.Event()
    token, another = gitea.oauth.give("ada-there"), f"{gitea.url}/another"
    with monkeypatch.context() as patch:
        patch.setattr("firefly.linking.connections.MOST_OF_ACCOUNT", 1)
        await connections.put_token(ada, "gitea", url=gitea.url, token=token)
        with pytest.raises(LimitReached):
            await connections.put_token(ada, "gitea", url=another, token=token)
        await connections.put_token(ada, "gitea", url=gitea.url, token=token)
    await connections.put_token(ada, "gitea", url=another, token=token)

    async def slow(_id: UUID) -> Connection:
        nonlocal asked
        asked += 1
        await gate.wait()
        raise Unavailable("It takes its time.")

    monkeypatch.setattr(connections, "check", slow)
    clock.advance(24 * 3600)
    looking = asyncio.create_task(connections.look())
    await eventually(lambda: asked == 2)
    gate.set()
    assert await looking == 2
