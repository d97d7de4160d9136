"""The editor as a person uses it: a real project in a real sandbox, in Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Person
from tests.browser.editing import Editor, opened
from tests.browser.looking import PHONE, Looker
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
async def editor(live_server: LiveServer, person: Person) -> AsyncIterator[Editor]:
    async with opened(live_server, person, "site") as editor:
        yield editor


async def test_an_edited_page_shows_in_the_preview(editor: Editor) -> None:
    page = editor.page
    shown = page.frame_locator("iframe")
    await expect(shown.get_by_role("heading", name="Hello, world")).to_be_visible()
    await editor.open("index.html")
    await editor.type_at_start("<!-- written in the browser -->")
    await expect(page.get_by_text("1 file not saved.")).to_be_visible()
    await page.keyboard.press("Control+s")
    await expect(page.get_by_text("All changes saved.")).to_be_visible()
    await editor.on_disk("index.html", "<!-- written in the browser -->")
    await expect(shown.get_by_role("heading", name="Hello, world")).to_be_visible()


async def test_files_are_made_renamed_deleted_and_brought_back_by_keyboard(editor: Editor) -> None:
    page = editor.page
    await page.keyboard.press("Alt+n")
    await page.get_by_label("Name of the new file").fill("notes/first.txt")
    await page.keyboard.press("Enter")
    await expect(editor.row("first.txt")).to_be_visible()
    await editor.row("first.txt").focus()
    await page.keyboard.press("F2")
    await page.get_by_label("New name of first.txt").fill("second.txt")
    await page.keyboard.press("Enter")
    await expect(editor.row("second.txt")).to_be_visible()
    await editor.row("second.txt").focus()
    await page.keyboard.press("Delete")
    await expect(editor.row("second.txt")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(editor.row("second.txt")).to_be_visible()


async def test_a_clean_file_follows_the_disk(editor: Editor) -> None:
    await editor.open("script.js")
    await editor.write("script.js", "const outside = 1;\n")
    await expect(editor.page.locator(".cm-content")).to_contain_text("const outside = 1;")
    await expect(editor.page.get_by_text("All changes saved.")).to_be_visible()


async def clash(editor: Editor) -> None:
    """Two changes of style.css: one typed here, one saved by somebody else."""
    await editor.open("style.css")
    await editor.type_at_start("/* mine */")
    await editor.write("style.css", "/* theirs */\n")
    await expect(editor.page.get_by_text("style.css was changed elsewhere, too.")).to_be_visible()


async def test_a_conflict_is_compared_and_ours_kept(editor: Editor) -> None:
    page = editor.page
    await clash(editor)
    await page.keyboard.press("Control+s")
    assert await editor.read("style.css") == "/* theirs */\n"
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_text("On disk")).to_be_visible()
    await page.get_by_role("button", name="Keep mine").click()
    await editor.on_disk("style.css", "/* mine */")
    await expect(page.get_by_text("All changes saved.")).to_be_visible()


async def test_theirs_are_taken_and_undo_brings_ours_back(editor: Editor) -> None:
    page = editor.page
    await clash(editor)
    await page.get_by_role("button", name="Take theirs").click()
    await expect(page.locator(".cm-content")).to_contain_text("/* theirs */")
    await expect(page.get_by_text("All changes saved.")).to_be_visible()
    await page.locator(".cm-content").click()
    await page.keyboard.press("Control+z")
    await expect(page.locator(".cm-content")).to_contain_text("/* mine */")


async def test_unsaved_text_survives_a_reload(editor: Editor) -> None:
    page = editor.page
    await editor.open("index.html")
    await editor.type_at_start("<!-- not saved -->")
    await page.reload()
    await expect(page.locator(".cm-content")).to_contain_text("<!-- not saved -->")
    await expect(page.get_by_text("1 file not saved.")).to_be_visible()
    assert "not saved" not in (await editor.read("index.html") or "")


async def test_no_keystroke_is_lost_when_the_server_dies(editor: Editor, live_server: LiveServer, look: Looker) -> None:
    page = editor.page
    await page.keyboard.press("Control+Backquote")
    await expect(page.locator(".xterm")).to_be_visible()
    await page.keyboard.type("kept=in-the-shell\n")
    await editor.open("index.html")
    live_server.kill()
    try:
        await expect(page.get_by_text("Connection lost, trying again.")).to_be_visible()
        await editor.type_at_start("<!-- typed while away -->")
        await page.keyboard.press("Control+s")
        await expect(page.get_by_text("1 file will be saved then.")).to_be_visible()
        await look(page, "editor-connection-lost")
        await page.locator(".cm-content").focus()
        await page.keyboard.type("<!-- and more -->")
    finally:
        live_server.start()
    await expect(page.get_by_text("1 file not saved.")).to_be_visible(timeout=40_000)
    await editor.on_disk("index.html", "<!-- typed while away -->")
    assert "and more" not in (await editor.read("index.html") or "")
    await page.keyboard.press("Control+s")
    await editor.on_disk("index.html", "<!-- and more -->")


async def test_a_shell_survives_a_reload(editor: Editor) -> None:
    page = editor.page
    await page.keyboard.press("Control+Backquote")
    await expect(page.locator(".xterm")).to_be_visible()
    await page.keyboard.type("kept=firefly\n")
    await page.reload()
    await page.locator(".xterm-helper-textarea").focus()
    await page.keyboard.type("echo $kept > kept.txt\n")
    await editor.on_disk("kept.txt", "firefly")


async def test_files_and_commands_are_found_by_name(editor: Editor) -> None:
    page = editor.page
    await page.keyboard.press("Control+p")
    await page.get_by_role("combobox", name="Search files").fill("scrj")
    await expect(page.get_by_role("option", name="script.js")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Text of script.js")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Search commands").fill(">theme dark")
    await page.keyboard.press("Enter")
    await expect(page.locator("html[data-theme=dark]")).to_be_attached()


async def test_a_phone_has_three_tabs(editor: Editor) -> None:
    page = editor.page
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    tabs = page.get_by_role("navigation", name="Parts of the editor")
    await tabs.get_by_role("button", name="Files").click()
    await editor.open("README.md")
    await tabs.get_by_role("button", name="Preview").click()
    await expect(page.frame_locator("iframe").get_by_role("heading", name="Hello, world")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
