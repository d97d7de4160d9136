"""The main job by hand: from the one-time link on an empty machine to an edited page in a live preview."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.browser.conftest import PASSWORD
from tests.browser.looking import Looker
from tests.support.server import LiveServer
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.screenshots,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("main-job"),
]
LINK = re.compile(r"http://\S+/auth/link/\S+")
PREVIEW = "iframe"


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[LiveServer]:
    """As a newcomer has it: no bootstrap token, nobody there yet."""
    with LiveServer(tmp_path, settings={"FIREFLY_BOOTSTRAP_TOKEN": ""}) as server:
        yield server


async def become_administrator(page: Page, server: LiveServer, look: Looker) -> None:
    await eventually(lambda: LINK.search(server.log) is not None)
    found = LINK.search(server.log)
    assert found is not None
    await page.goto(found[0])
    await look(page, "first-link")
    await page.get_by_label("Name", exact=True).fill("ada")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await page.wait_for_url(server.url + "/")


async def create_vite_project(page: Page) -> FrameLocator:
    await page.get_by_role("link", name="Start from a template").click()
    await page.get_by_role("radio", name="Vite + React").check(force=True)
    await page.get_by_label("Name", exact=True).fill("lantern")
    await page.get_by_role("button", name="Create project").click()
    await page.wait_for_url("**/app/ada/lantern")
    preview = page.frame_locator(PREVIEW)
    await expect(preview.get_by_role("heading", name="Hello, React")).to_be_visible(timeout=180_000)
    return preview


async def open_file(page: Page, folder: str, name: str) -> None:
    tree = page.get_by_role("tree")
    await tree.get_by_role("treeitem", name=folder).first.click()
    await tree.get_by_role("treeitem", name=name).first.click()
    await expect(page.get_by_role("textbox", name=f"Text of {name}")).to_be_visible()


async def replace_in_editor(page: Page, old: str, new: str) -> None:
    """As a person would: find it, type over it, save."""
    await page.locator(".cm-content").click()
    line = page.locator(".cm-line", has_text=old).first
    await line.click()
    await page.keyboard.press("Home")
    text = await line.inner_text()
    await page.keyboard.press("Shift+End")
    await page.keyboard.insert_text(text.strip().replace(old, new))
    await page.keyboard.press("Control+s")


async def test_from_the_link_to_an_edited_page_without_a_page_load(
    browser: Browser, fresh_server: LiveServer, look: Looker
) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await become_administrator(page, fresh_server, look)
    preview = await create_vite_project(page)

    # State that a page load would lose.
    button = preview.get_by_role("button")
    await button.click()
    await expect(button).to_contain_text("1")

    await open_file(page, "src", "App.jsx")
    await replace_in_editor(page, "Hello, React", "Hello, fireflies")
    await expect(preview.get_by_role("heading", name="Hello, fireflies")).to_be_visible(timeout=20_000)
    await expect(button).to_contain_text("1")
    await page.keyboard.press("Home")
    await page.keyboard.press("Home")
    await look(page, "editor")
    await context.close()
