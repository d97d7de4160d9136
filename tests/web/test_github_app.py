"""The page on which an administrator makes the installation's GitHub App."""

import html
import json
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from firefly.settings import Settings
from firefly.testing.providers import ProviderServer

from .world import World

PAGE = "/admin/github-app"


@pytest.fixture
async def twin() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as made:
        yield made


@pytest.fixture
def settings(settings: Settings, twin: ProviderServer) -> Settings:
    return settings.model_copy(update={"github_url": twin.base_url("github")})


async def test_an_administrator_makes_it_sees_what_it_told_and_forgets_it(world: World, twin: ProviderServer) -> None:
    twin.app.now = world.clock.time
    browser, stranger = await world.browser(world.ada), await world.browser(world.bob)
    for page in (PAGE, f"{PAGE}/made?state=x&code=y"):
        assert (await stranger.get(page, allow_redirects=False)).status == 403
        assert (await world.client().get(page, allow_redirects=False)).status == 303
    assert "Others than its owner may install it" in await (await browser.get(PAGE)).text()
    assert (
        await browser.post(PAGE, data={"name": "Firefly"}, headers={"Origin": "https://evil.example"})
    ).status == 403
    assert (await browser.post(PAGE, data={"name": ""})).status == 422
    begun = await browser.post(PAGE, data={"name": "Firefly", "organisation": "acme"})
    assert f"form-action 'self' {world.settings.scheme}://*" in begun.headers["Content-Security-Policy"]
    assert twin.url in begun.headers["Content-Security-Policy"]
    text = html.unescape(await begun.text())
    (url,) = re.findall(r'action="(http[^"]+)"', text)
    (manifest,) = re.findall(r'name="manifest" value="(\{.*\})"', text)
    assert json.loads(manifest)["public"] is False
    async with aiohttp.ClientSession() as outside:
        sent = await outside.post(url, data={"manifest": manifest}, allow_redirects=False)
    back = sent.headers["Location"].removeprefix(world.settings.url)
    assert (await stranger.get(back, allow_redirects=False)).status == 403
    home = await browser.get(back, allow_redirects=False)
    assert (home.status, home.headers["Location"]) == (303, PAGE)
    shown = await (await browser.get(PAGE)).text()
    assert "It belongs to acme at GitHub." in shown
    assert f"{world.settings.url}/hooks/github" in shown
    assert not any(secret in shown for secret in (twin.app.hook_secret, twin.app.client_secret, "PRIVATE"))
    assert (await stranger.post(f"{PAGE}/forget")).status == 403
    gone = await browser.post(f"{PAGE}/forget", allow_redirects=False)
    assert (gone.status, gone.headers["Location"]) == (303, PAGE)
    assert (await browser.post(f"{PAGE}/forget")).status == 404
