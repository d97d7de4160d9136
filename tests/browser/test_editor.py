"""The editor as a person uses it: a real project in a real sandbox, in Chromium."""

import re
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Person
from tests.browser.editing import Editor, opened
from tests.browser.looking import PHONE, Looker
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest_asyncio.fixture(loop_scope="session")
async def editor(live_server: LiveServer, regular: Person) -> AsyncIterator[Editor]:
    async with opened(live_server, regular, f"site-{secrets.token_hex(3)}") as editor:
        yield editor


async def test_an_edited_page_shows_in_the_preview(editor: Editor) -> None:
    page = editor.page
    shown = page.frame_locator("iframe")
    await expect(shown.get_by_role("heading", name="Hello, world")).to_be_visible()
    await expect(page.locator("iframe")).to_have_attribute("allow", "clipboard-write; fullscreen")
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
    await expect(page.get_by_text("On disk", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Keep mine").click()
    await editor.on_disk("style.css", "/* mine */")
    await expect(page.get_by_text("All changes saved.")).to_be_visible()


async def test_a_conflict_is_decided_on_a_phone_by_touch_and_by_keyboard(editor: Editor) -> None:
    page = editor.page
    await clash(editor)
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    for name in ("Compare", "Take theirs", "Keep mine"):
        box = await page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE[0]
    await page.get_by_role("button", name="Compare").press("Enter")
    texts = page.get_by_label("Yours, with what is on disk above each difference")
    await expect(texts).to_contain_text("/* theirs */")
    await expect(texts).to_contain_text("/* mine */")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await texts.press("Escape")
    await expect(page.get_by_role("textbox", name="Text of style.css")).to_be_focused()
    await page.get_by_role("button", name="Keep mine").press("Enter")
    await expect(page.get_by_role("textbox", name="Text of style.css")).to_be_focused()
    await editor.on_disk("style.css", "/* mine */")


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
    await page.keyboard.type("kept=firefly; echo $kept > typed.txt\n")
    await editor.on_disk("typed.txt", "firefly")
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


DROP = """async ([element, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  for (const kind of ["dragover", "drop"])
    element.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


async def test_a_file_is_moved_by_dragging_and_undone(editor: Editor) -> None:
    page = editor.page
    await editor.write("pages/about.html", "<h1>About</h1>")
    await expect(editor.row("pages")).to_be_visible()
    await editor.row("script.js").drag_to(editor.row("pages"))
    await expect(page.get_by_text("Moved script.js to pages.")).to_be_visible()
    await editor.on_disk("pages/script.js", "querySelector")
    assert await editor.read("script.js") is None
    await page.get_by_role("button", name="Undo").click()
    await editor.on_disk("script.js", "querySelector")


async def test_dropped_files_are_uploaded_and_replace_only_when_asked(editor: Editor) -> None:
    page = editor.page
    await editor.write("pages/about.html", "<h1>About</h1>")
    await expect(editor.row("pages")).to_be_visible()
    element = await editor.row("pages").element_handle()
    await page.evaluate(DROP, [element, [["about.html", "from outside"], ["map.txt", "here"]]])
    await editor.on_disk("pages/map.txt", "here")
    assert await editor.read("pages/about.html") == "<h1>About</h1>"
    await page.get_by_role("button", name="Replace").click()
    await editor.on_disk("pages/about.html", "from outside")


async def test_a_file_is_downloaded(editor: Editor) -> None:
    page = editor.page
    await editor.row("script.js").click(button="right")
    async with page.expect_download() as started:
        await page.get_by_role("menuitem", name="Download").click()
    download = await started.value
    assert download.suggested_filename == "script.js"
    assert (await download.path()).read_text() == await editor.read("script.js")


async def test_sharing_from_the_editor(editor: Editor) -> None:
    page = editor.page
    await page.get_by_role("button", name=re.compile("^Share")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("tab", name="Members").click()
    await dialog.get_by_label("Add someone").fill("admin")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_label("Role of admin")).to_have_value("editor")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    async with editor.client.get(f"/api/v1/projects/{editor.path}/members") as answer:
        assert {member["name"]: member["role"] for member in (await answer.json())["items"]}["admin"] == "editor"


async def test_the_tab_key_follows_the_reading_order(editor: Editor) -> None:
    page = editor.page
    await page.get_by_role("link", name="All projects").focus()
    passed = [await page.evaluate(FOCUSED)]
    for _ in range(24):
        if await page.evaluate("document.activeElement.classList.contains('cm-content')"):
            await page.keyboard.press("Escape")
        await page.keyboard.press("Tab")
        passed.append(await page.evaluate(FOCUSED))
        if passed[-1][0] == "preview":
            break
    regions = [region for number, (region, *_) in enumerate(passed) if not number or passed[number - 1][0] != region]
    assert regions == ["top", "tree", "line", "code", "line", "preview"]
    top = [left for region, left in passed if region == "top"]
    assert top == sorted(top)


FOCUSED = """() => {
  const at = document.activeElement;
  const region = at.closest("[data-region]")?.dataset.region;
  const left = at.getBoundingClientRect().left;
  return [region ?? (at.closest("header") ? "top" : at.role === "separator" ? "line" : at.tagName), left];
}"""


async def test_signing_out_asks_before_unsaved_text_is_lost(live_server: LiveServer, person: Person) -> None:
    page = person.page
    async with opened(live_server, person, "site") as editor:
        await editor.open("index.html")
        await editor.type_at_start("<!-- secret plans -->")
        await expect(page.get_by_text("1 file not saved.")).to_be_visible()
    await page.goto("/")
    for choice in ("Stay", "Sign out and lose them"):
        await page.get_by_role("button", name="account of").click()
        await page.get_by_role("menuitem", name="Sign out").click()
        await expect(page.get_by_role("heading", name="One file is not saved")).to_be_visible()
        await page.get_by_role("button", name=choice).click()
    await page.wait_for_url("**/auth/sign-in")
    assert await page.evaluate(COUNT_DRAFTS) == 0


COUNT_DRAFTS = """() => new Promise((done) => {
  indexedDB.open("firefly", 1).onsuccess = ({target}) => {
    const count = target.result.transaction("drafts").objectStore("drafts").count();
    count.onsuccess = () => done(count.result);
  };
})"""
