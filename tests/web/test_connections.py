"""Connections by the API and in the browser: the way to a provider and back, and what programs see."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from firefly.settings import Settings
from tests.support.leave import Place, giving_leave

from .world import World

CONNECTIONS = "/api/v1/connections"


@pytest.fixture
async def gitea() -> AsyncIterator[Place]:
    async with giving_leave() as place:
        yield place


@pytest.fixture
def settings(settings: Settings, gitea: Place) -> Settings:
    client = {"gitea_client_id": gitea.oauth.id, "gitea_client_secret": gitea.oauth.secret}
    return settings.model_copy(update={"gitea_url": gitea.url, **client})


async def test_a_browser_goes_to_the_provider_and_comes_back_connected(world: World, gitea: Place) -> None:
    browser = await world.browser(world.bob)
    asked = {"need": "read", "next": "/import?provider=gitea"}
    begun = await browser.post(f"{CONNECTIONS}/gitea/authorize", json=asked)
    page = (await begun.json())["url"]
    async with aiohttp.ClientSession() as outside, outside.get(page, allow_redirects=False) as sent:
        back = sent.headers["Location"].removeprefix(world.settings.url)
    stranger = await world.browser(world.ada)
    assert (await stranger.get(back, allow_redirects=False)).status == 403
    assert (await world.client().get(back, allow_redirects=False)).status in {303, 401}
    home = await browser.get(back, allow_redirects=False)
    assert (home.status, home.headers["Location"]) == (303, "/import?provider=gitea&connected=gitea")
    listed = await browser.get(CONNECTIONS)
    (found,) = (await listed.json())["connections"]
    assert (found["provider"], found["login"], found["state"]) == ("gitea", "octo", "working")
    text = await listed.text()
    assert not any(token in text for token in gitea.oauth.tokens)
    gone = await browser.delete(f"{CONNECTIONS}/{found['id']}")
    assert (gone.status, gitea.url in (await gone.json())["left"]) == (200, True)


async def test_a_program_connects_by_a_token_and_hears_why_it_no_longer_works(world: World, gitea: Place) -> None:
    program = await world.program(world.bob)
    ways = {entry["provider"]: entry["ways"] for entry in (await (await program.get(CONNECTIONS)).json())["providers"]}
    assert ways == {"github": ["token"], "gitlab": ["token"], "bitbucket": ["token"], "gitea": ["oauth", "token"]}
    assert (await program.post(f"{CONNECTIONS}/gitea/authorize", json={})).status == 403
    token = gitea.oauth.give("bob-there")
    made = await program.post(CONNECTIONS, json={"provider": "gitea", "token": token})
    assert (made.status, token in await made.text()) == (201, False)
    gitea.oauth.tokens.clear()
    checked = await (await program.post(f"{CONNECTIONS}/gitea/check")).json()
    assert (checked["state"], "Connect it again" in checked["reason"]) == ("broken", True)
    refused = await program.post(CONNECTIONS, json={"provider": "gitea", "token": token})
    assert (refused.status, token in await refused.text()) == (403, False)
    assert (await (await world.program(world.ada)).post(f"{CONNECTIONS}/gitea/check")).status == 404
