"""One real server, and Debian's Chromium looking at it: without its windows' own interface, which nobody sees."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.looking import DESKTOP, Looker
from tests.browser.steady import let_pages_load_again
from tests.support.server import LiveServer

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HERE = Path(__file__).parent
# On a machine that is busy; what is there is seen at once.
expect.set_options(timeout=30_000)
PASSWORD = "a lantern in the reeds"


@dataclass(frozen=True)
class Person:
    name: str
    page: Page


@pytest.fixture(scope="package", autouse=True)
def pages_load_again() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        let_pages_load_again(patch)
        yield


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests: what they know and keep is their contexts' own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@asynccontextmanager
async def desktop(browser: Browser, server: LiveServer) -> AsyncIterator[BrowserContext]:
    """A browser that knows nothing yet, on a desk."""
    width, height = DESKTOP
    context = await browser.new_context(base_url=server.url, viewport={"width": width, "height": height})
    context.set_default_timeout(30_000)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def watched(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that fails the test when the browser reports a fault of ours: a script's, or one of the policy."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    try:
        yield page
    finally:
        await page.close()
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, live_server: LiveServer) -> AsyncIterator[BrowserContext]:
    async with desktop(browser, live_server) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    async with watched(context) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def guest(browser: Browser) -> AsyncIterator[Page]:
    """A page of somebody who has no account, in a browser that knows nothing yet."""
    context = await browser.new_context()
    context.set_default_timeout(60_000)
    yield await context.new_page()
    await context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All run in the browser's loop. A test that takes pictures is one of those that `make screenshots` runs."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
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


@pytest_asyncio.fixture(loop_scope="session")
async def person(live_server: LiveServer, page: Page) -> Person:
    """An account of its own for this test, an administrator's, looking at its dashboard."""
    person = await sign_in(live_server, page, f"ada-{secrets.token_hex(3)}", display_name="Ada Lovelace")
    await page.goto("/")
    return person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def known(browser: Browser, live_server: LiveServer) -> AsyncIterator[Person]:
    """Somebody whose browser is signed in for all tests of a module, and has the editor's scripts already."""
    async with desktop(browser, live_server) as context:
        page = await context.new_page()
        yield await sign_in(live_server, page, f"ada-{secrets.token_hex(3)}", display_name="Ada Lovelace")


@pytest_asyncio.fixture(loop_scope="session")
async def regular(known: Person) -> AsyncIterator[Person]:
    """That person in a window of the test's own. What the browser keeps is shared: a project is to have a new name."""
    async with watched(known.page.context) as page:
        yield Person(known.name, page)


@pytest.fixture
def look() -> Iterator[Looker]:
    """Checks what is on the screen; keeps pictures of it when FIREFLY_TEST_SCREENSHOTS names a folder."""
    named = os.environ.get("FIREFLY_TEST_SCREENSHOTS")
    looker = Looker(Path(named).absolute() if named else None)
    yield looker
    assert not looker.problems, "\n".join(looker.problems)
