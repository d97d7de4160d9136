"""A workspace of one's own: opened from the editor, told from the shared one, discarded in the settings."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Person
from tests.browser.editing import own_token
from tests.browser.test_dashboard import make
from tests.support.server import LiveServer
from tests.support.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def test_one_switches_between_the_shared_workspace_and_ones_own(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "both")
    page, path = person.page, f"/app/{person.name}/both"
    await page.goto(path)
    await page.get_by_role("button", name="Workspace: shared").click()
    await page.get_by_role("menuitem", name="Go to your own workspace").click()
    dialog = page.get_by_role("dialog", name="A workspace of your own")
    await expect(dialog).to_contain_text("what main has in the hosted repository")
    # Whole, though it is opened from a bar whose words stay on one line.
    assert await dialog.evaluate("element => element.scrollWidth <= element.clientWidth")
    await dialog.get_by_role("button", name="Open it").click()
    await expect(page).to_have_url(f"{live_server.url}{path}?workspace={person.name}", timeout=60_000)
    await expect(page.get_by_role("button", name="Workspace: your own")).to_be_visible()
    await page.get_by_role("treeitem", name="index.html", exact=True).click()
    await page.locator(".cm-content").click()
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("<!-- of my own -->")
    await page.keyboard.press("Control+s")
    files, query = f"/api/v1/projects/{person.name}/both/files/index.html", f"?workspace={person.name}"
    async with live_server.client(token=await own_token(page)) as client:

        async def text(of: str) -> str:
            async with client.get(files + of) as response:
                return await response.text()

        async def saved() -> bool:
            return "of my own" in await text(query)

        await eventually(saved)
        assert "of my own" not in await text("")

    await page.get_by_role("button", name="Workspace: your own").click()
    await page.get_by_role("menuitem", name="Go to the shared workspace").click()
    await expect(page.get_by_role("button", name="Workspace: shared")).to_be_visible()
    await page.goto(f"{path}/settings")
    rows = page.get_by_role("list", name="Workspaces").get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name=f"Discard the workspace of {person.name}").click()
    await page.get_by_role("group").get_by_role("button", name="Discard").click()
    asked = page.get_by_role("dialog", name=f"Discard the workspace of {person.name}?")
    await expect(asked).to_contain_text("1 changed file not committed (index.html)")
    await asked.get_by_role("button", name="Discard anyway").click()
    await expect(rows).to_have_count(1)
    await expect(page.get_by_role("button", name="Open your own workspace")).to_be_visible()
