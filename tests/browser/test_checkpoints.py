"""Checkpoints in the editor, as a person uses them: found, compared, gone back to, undone; every state looked at."""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import Person
from tests.browser.editing import Editor, opened
from tests.browser.looking import PHONE, Looker, find_violations, sized
from tests.support.server import LiveServer
from tests.support.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("screens")]

BEFORE, AFTER = "<h1>A garden</h1>\n<p>Roses.</p>\n", "<h1>A garden</h1>\n<p>Roses, and beans.</p>\n<p>Open.</p>\n"


@pytest_asyncio.fixture(loop_scope="session")
async def editor(live_server: LiveServer, regular: Person) -> AsyncIterator[Editor]:
    async with opened(live_server, regular, f"garden-{secrets.token_hex(3)}") as editor:
        yield editor


async def keep(editor: Editor, name: str, text: str) -> None:
    """Write a file, and see its checkpoint made."""
    await editor.write(name, text)

    async def is_kept() -> bool:
        async with editor.client.get(f"/api/v1/projects/{editor.path}/checkpoints") as answer:
            return name in next(iter((await answer.json())["items"]), {"paths": []})["paths"]

    await eventually(is_kept, within=60)


async def test_what_changed_is_seen_taken_back_and_undone(editor: Editor, look: Looker) -> None:
    page = editor.page
    await look_at_failure(page, look)
    await page.keyboard.press("Alt+h")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Nothing was kept yet")).to_be_visible()
    await look(page, "checkpoints-empty")
    await page.keyboard.press("Escape")
    await keep(editor, "about.html", BEFORE)
    await keep(editor, "notes/ideas.md", "# Ideas\n")
    await keep(editor, "about.html", AFTER)

    await editor.run("Checkpoints")
    rows = dialog.locator(".cp-row")
    await expect(rows).to_have_count(3)
    file = dialog.get_by_role("button", name="about.html changed +2 −1")
    await expect(file).to_have_attribute("aria-expanded", "true")
    await expect(rows.first).to_be_focused()
    await expect(dialog.locator(".cm-content")).to_contain_text("Roses, and beans.")
    await expect(dialog.locator(".cm-deletedChunk")).to_contain_text("Roses.")
    await look(page, "checkpoints")
    await rows.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    await expect(dialog.get_by_role("button", name="ideas.md added")).to_be_visible()
    await dialog.get_by_role("button", name="Changed since").click()
    await dialog.get_by_role("button", name="Restore about.html").click()
    await expect(page.get_by_text("about.html is as it was.")).to_be_visible()
    assert await editor.read("about.html") == BEFORE
    await page.get_by_role("button", name="Undo").click()
    await expect(dialog.get_by_role("button", name="Restore about.html")).to_be_visible()
    await editor.on_disk("about.html", AFTER)
    await dialog.get_by_role("button", name="Restore all files").click()
    await expect(page.get_by_text("1 file is as it was.")).to_be_visible()
    await expect(dialog.get_by_role("heading", name="Nothing has changed since")).to_be_visible()
    await editor.on_disk("about.html", BEFORE)
    await look(page, "checkpoints-restored", looks=("light",))


async def look_at_failure(page: Page, look: Looker) -> None:
    await page.route("**/checkpoints", lambda route: route.abort())
    await page.keyboard.press("Alt+h")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await look(page, "checkpoints-failed", looks=("light",))
    await page.unroute("**/checkpoints")
    await page.keyboard.press("Escape")


async def test_a_file_that_is_not_kept_is_named_with_the_remedy(editor: Editor, look: Looker) -> None:
    page, size = editor.page, 101 << 20
    await keep(editor, "about.html", BEFORE)
    async with editor.client.post(
        f"/api/v1/projects/{editor.path}/exec", json={"command": f"mkdir film; truncate -s {size} film/raw.mov"}
    ) as answer:
        assert (await answer.json())["exit_code"] == 0

    async def is_refused() -> bool:
        async with editor.client.get(f"/api/v1/projects/{editor.path}/checkpoints/status") as answer:
            return bool((await answer.json())["refused"])

    await eventually(is_refused, within=60)
    await page.keyboard.press("Alt+h")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("1 file is not kept").click()
    told = dialog.get_by_role("list", name="Files that are not kept")
    await expect(told).to_contain_text("film/raw.mov")
    await expect(told).to_contain_text("name it in .gitignore")
    await look(page, "checkpoints-not-kept", looks=("light",))


async def test_on_a_phone_one_goes_from_the_list_to_one_and_back(editor: Editor, look: Looker) -> None:
    page = editor.page
    await keep(editor, "about.html", BEFORE)
    async with sized(page, PHONE):
        await page.get_by_role("button", name="Running").click()
        await page.get_by_role("menuitem", name="Checkpoints").click()
        dialog = page.get_by_role("dialog")
        await dialog.locator(".cp-row").first.click()
        await expect(dialog.locator(".cm-content")).to_contain_text("A garden")
        assert await find_violations(page) == []
        await look(page, "checkpoints-one", looks=("phone",))
        await dialog.get_by_role("button", name="All checkpoints").click()
        await expect(dialog.locator(".cp-row").first).to_be_visible()
