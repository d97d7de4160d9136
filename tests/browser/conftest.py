"""One real server, and Debian's Chromium looking at it."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.looking import DESKTOP, Looker
from tests.support.server import LiveServer

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PASSWORD = "a lantern in the reeds"


@dataclass(frozen=True)
class Person:
    name: str
    page: Page


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser, live_server: LiveServer) -> BrowserContext:
    width, height = DESKTOP
    context = await browser.new_context(base_url=live_server.url, viewport={"width": width, "height": height})
    context.set_default_timeout(30_000)
    return context


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that fails the test when the browser reports a fault of ours: a script's, or one of the policy."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield page
    assert faults == []


@pytest.fixture
async def guest(browser: Browser) -> AsyncIterator[Page]:
    """A page of somebody who has no account, in a browser that knows nothing yet."""
    context = await browser.new_context()
    context.set_default_timeout(60_000)
    yield await context.new_page()
    await context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that takes pictures is one of those that `make screenshots` runs."""
    for item in items:
        if "look" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.screenshots)


async def invite(server: LiveServer, name: str, *, display_name: str = "", administrator: bool = False) -> str:
    """An account, by its one-time link."""
    body = {"name": name, "display_name": display_name or name.capitalize(), "is_administrator": administrator}
    async with server.client() as client, client.post("/api/v1/users", json=body) as response:
        answer = await response.json()
        assert response.status == 201, answer
        return str(answer["sign_in_url"])


async def sign_in(server: LiveServer, page: Page, name: str, *, display_name: str = "") -> Person:
    """A new administrator, signed in by the form behind the one-time link without waiting for its page."""
    link = await invite(server, name, display_name=display_name, administrator=True)
    answer = await page.context.request.post(link, form={"password": PASSWORD}, headers={"Origin": server.url})
    assert answer.ok, await answer.text()
    return Person(name, page)


@pytest.fixture
async def person(live_server: LiveServer, page: Page) -> Person:
    """An account of its own for this test, an administrator's, looking at its dashboard."""
    person = await sign_in(live_server, page, f"ada-{secrets.token_hex(3)}", display_name="Ada Lovelace")
    await page.goto("/")
    return person


@pytest.fixture
def look() -> Iterator[Looker]:
    """Checks what is on the screen; keeps pictures of it when FIREFLY_TEST_SCREENSHOTS names a folder."""
    named = os.environ.get("FIREFLY_TEST_SCREENSHOTS")
    looker = Looker(Path(named).absolute() if named else None)
    yield looker
    assert not looker.problems, "\n".join(looker.problems)
