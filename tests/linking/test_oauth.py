"""What differs between providers, where a token is to be forgotten and what is asked for."""

from collections.abc import AsyncIterator

import pytest

from firefly.git import AddressPolicy
from firefly.git.providers.transport import Transport
from firefly.linking.dialects import DIALECTS, api_url, missing
from firefly.linking.model import Need, Tokens
from firefly.linking.oauth import Client, OAuth
from tests.support.leave import Place


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport(AddressPolicy(["127.0.0.1"]))
    yield made
    await made.close()


@pytest.mark.parametrize(("provider", "revokes"), [("github", True), ("gitlab", True), ("gitea", False)])
async def test_a_provider_that_forgets_tokens_on_request_is_asked_to(
    gitea: Place, transport: Transport, provider: str, revokes: bool
) -> None:
    oauth = OAuth(transport, provider, gitea.url, Client(gitea.oauth.id, gitea.oauth.secret), "http://localhost/back")
    token = gitea.oauth.give("octo")
    assert await oauth.revoke(Tokens(token)) is revokes
    assert (token in gitea.oauth.revoked) is revokes


@pytest.mark.parametrize("provider", DIALECTS)
def test_each_need_asks_for_no_less_than_the_one_before(provider: str) -> None:
    read, public, private = (DIALECTS[provider].scopes[need] for need in Need)
    assert not missing(provider, Need.READ, public)
    assert not missing(provider, Need.PUBLIC, private)
    assert missing(provider, Need.PRIVATE, read)


def test_where_the_api_is_follows_from_where_the_pages_are() -> None:
    assert api_url("github", "https://github.com") == "https://api.github.com"
    assert api_url("github", "https://git.example") == "https://git.example/api/v3"
    assert api_url("gitlab", "https://gitlab.com") == "https://gitlab.com/api/v4"
    assert api_url("bitbucket", "https://bitbucket.org") == "https://api.bitbucket.org/2.0"
    assert api_url("gitea", "https://codeberg.org") == "https://codeberg.org/api/v1"
