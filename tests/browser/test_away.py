"""Pages whose server is away for a while, and pages far away from it."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import desktop, sign_in, watched
from tests.browser.editing import own_token
from tests.browser.looking import Looker
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.xdist_group("screens")]

BUILDS = "/app/annie/plates/builds"
# What each page shows before, while the server is away, and after.
SHOWN = {"/": "Projects", f"{BUILDS}/hooks": "Tell another service of builds", f"{BUILDS}/settings": "Build settings"}

ALL_STYLES = "() => [...document.querySelectorAll('link[rel=stylesheet]')].every(({ sheet }) => sheet)"


async def test_away(browser: Browser, tmp_path: Path, look: Looker) -> None:
    (tmp_path / "server").mkdir()
    with LiveServer(tmp_path / "server") as server:
        async with desktop(browser, server) as context, watched(context) as first:
            await sign_in(server, first, "annie", display_name="Annie Cannon")
            async with server.client(token=await own_token(first)) as client:
                await create_project(client, "plates", "static")
            pages = {path: await context.new_page() for path in SHOWN}
            for path, page in pages.items():
                await page.goto(path)
                await expect(page.get_by_role("heading", name=SHOWN[path])).to_be_visible()
            settings = pages[f"{BUILDS}/settings"]
            await expect(settings.get_by_role("textbox", name="Configuration")).to_be_visible()
            await say_that_it_is_away(server, pages, look)
            await ask_for_a_part(pages["/"])
            server.start()
            await expect(pages["/"].get_by_role("heading", name="Share plates")).to_be_visible()
            await pages["/"].wait_for_function(ALL_STYLES)
            for page in pages.values():
                await expect(page.get_by_text("Firefly does not answer just now.")).to_have_count(0)
            await hold_once_from_afar(settings)


async def say_that_it_is_away(server: LiveServer, pages: dict[str, Page], look: Looker) -> None:
    """Calmly, with what was shown; a change that does not get through is taken back, and says what to do."""
    server.stop()
    for path, page in pages.items():
        await expect(page.get_by_text("Firefly does not answer just now.")).to_be_visible()
        await expect(page.get_by_role("heading", name=SHOWN[path])).to_be_visible()
    settings = pages[f"{BUILDS}/settings"]
    await look(settings, "away")
    await settings.get_by_label("Nothing by itself").click()
    await expect(settings.get_by_text("Check your connection, then try again.")).to_be_visible()
    await expect(settings.get_by_label("Every branch")).to_be_checked()


async def ask_for_a_part(page: Page) -> None:
    """Of the page, whose program is fetched now: it comes with the server, and the page stays meanwhile."""
    async with page.expect_event("requestfailed"):
        await page.get_by_role("button", name="More for plates").click()
        await page.get_by_role("menuitem", name="Share…").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def hold_once_from_afar(page: Page) -> None:
    """Where each answer takes long, a page says that it loads, and a button that it works; it is not pressed twice."""
    changes: list[str] = []
    page.on("request", lambda request: changes.append(request.url) if request.method == "PATCH" else None)
    devtools = await page.context.new_cdp_session(page)
    far = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    await devtools.send("Network.emulateNetworkConditions", far)
    await page.get_by_role("link", name="Hooks").click()
    await page.get_by_role("link", name="Build settings").click()
    await expect(page.get_by_role("status", name="Loading the settings")).to_be_visible()
    hold = page.get_by_role("button", name="Hold", exact=True)
    await hold.dblclick()
    await expect(page.get_by_text("Builds are held.").first).to_be_visible()
    await expect(page.get_by_role("button", name="Let them go on")).to_be_visible()
    assert len(changes) == 1, changes
