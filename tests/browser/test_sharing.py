"""The Share dialog and whoever asks for access, as owners and guests use them: real pages on both sides."""

import re
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Person, sign_in
from tests.browser.editing import Editor, opened, own_token
from tests.browser.looking import PHONE, find_cut, find_violations, sized
from tests.browser.visiting import Shared, Visitor
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Where an element stands in what the dialog scrolls; and of the focus, whether it is in the dialog at all.
PLACE = """element => Math.round(element.closest(".sh-door, summary").getBoundingClientRect().top)
  + document.querySelector(".ff-dialog-body").scrollTop"""
FOCUS = f"() => [document.activeElement.closest('dialog') !== null, ({PLACE})(document.activeElement)]"
SHOWN, CLOSED = "Hello, world", "This address is not open to everybody"


@pytest_asyncio.fixture(loop_scope="session")
async def editor(live_server: LiveServer, regular: Person) -> AsyncIterator[Editor]:
    async with opened(live_server, regular, f"shared-{secrets.token_hex(3)}") as editor:
        yield editor


@pytest_asyncio.fixture(loop_scope="session")
async def shared(live_server: LiveServer, editor: Editor) -> Shared:
    async with editor.client.get(f"/api/v1/projects/{editor.path}") as answer:
        preview = (await answer.json())["urls"]["preview"]
    return Shared(live_server, preview, editor.path, await own_token(editor.page))


async def share(page: Page) -> Locator:
    await page.get_by_role("button", name=re.compile("^Share")).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("tab").first).to_be_focused()
    return dialog


async def inside(guest: Page) -> None:
    await expect(guest.get_by_role("heading", name=SHOWN)).to_be_visible()


async def test_a_guest_comes_in_by_a_link_and_is_put_out_with_all(editor: Editor, shared: Shared, guest: Page) -> None:
    dialog = await share(editor.page)
    await expect(dialog.get_by_text("Only members can see the preview.")).to_be_visible()
    await dialog.get_by_role("button", name="New link").click()
    await editor.page.keyboard.type("For the customer")
    await editor.page.keyboard.press("Enter")
    link = await dialog.get_by_role("group", name="The link").get_by_role("code").inner_text()
    await expect(dialog.get_by_text("Members and whoever has the link can see the preview.")).to_be_visible()
    await guest.goto(link)
    await inside(guest)
    await dialog.get_by_role("tab", name="Who came in").click()
    await expect(dialog.get_by_role("listitem").filter(has_text="By the link “For the customer”")).to_be_visible()
    await dialog.get_by_role("button", name="End all").click()
    await expect(dialog.get_by_text("1 visitor can come back by what they came by")).to_be_visible()
    await dialog.get_by_role("group").get_by_role("button", name="End all").click()
    await expect(dialog.get_by_text("Nobody came in yet")).to_be_visible()
    await expect(editor.page.get_by_text("Everybody is out.")).to_be_visible()
    await guest.goto(shared.preview)
    await expect(guest.get_by_role("heading", level=1)).to_have_text(CLOSED)


async def test_who_asks_is_allowed_in_the_open_editor(editor: Editor, shared: Shared, guest: Page) -> None:
    await guest.goto(f"{shared.preview}/?wanted=1")
    await guest.get_by_label("Your name").fill("Sam")
    await guest.get_by_role("button", name="Ask").click()
    notice = editor.page.get_by_role("article", name="Sam asks to see the preview")
    await expect(notice).to_contain_text("/?wanted=1")
    await expect(editor.page.get_by_role("button", name=re.compile("^Share"))).to_have_text(
        re.compile("1 ask for access")
    )
    assert await find_violations(editor.page) == []
    await notice.get_by_role("button", name="Allow for another time").click()
    await editor.page.get_by_role("menuitem", name="For a day").click()
    await expect(editor.page.get_by_text("Sam can see the preview for a day.")).to_be_visible()
    await expect(notice).to_have_count(0)
    await inside(guest)
    await guest.wait_for_url(f"{shared.preview}/?wanted=1")


async def test_what_one_window_answers_goes_from_the_other(editor: Editor, shared: Shared) -> None:
    page, other = editor.page, await editor.page.context.new_page()
    await other.goto("/")
    await Visitor(shared.preview).ask("Sam")
    await expect(page.get_by_text("Sam asks to see the preview")).to_be_visible()
    await other.get_by_role("article", name="Sam asks to see").get_by_role("button", name="Deny").click()
    await expect(other.get_by_text("Sam is not told, and may ask again.")).to_be_visible()
    await expect(page.get_by_text("Sam was denied already.")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_many_who_asked_meanwhile_are_one_line(editor: Editor, shared: Shared) -> None:
    page = editor.page
    await page.goto("about:blank")
    for name in ("Katherine", "Dorothy"):
        await Visitor(shared.preview).ask(name)
    await page.goto(f"/app/{editor.path}")
    await expect(page.get_by_text("2 people ask for access")).to_be_visible()
    await page.get_by_role("button", name="Show").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("article", name="Dorothy").get_by_role("button", name="Give a code").click()
    code = await dialog.get_by_role("article", name="The code for Dorothy").get_by_role("code").inner_text()
    await Visitor(shared.preview).enter(code)
    await dialog.get_by_role("tab", name="Who came in").click()
    await expect(dialog.get_by_role("listitem").filter(has_text="By the code")).to_contain_text("Dorothy")


async def test_what_can_be_undone_is_and_the_rest_is_asked(editor: Editor, shared: Shared) -> None:
    dialog = await share(editor.page)
    await dialog.get_by_label("Everybody").select_option("Sees the preview")
    await expect(dialog.get_by_text("Everybody who has the address can see the preview.")).to_be_visible()
    await dialog.get_by_role("button", name="Undo").click()
    await expect(dialog.get_by_text("Only members can see the preview.")).to_be_visible()
    await dialog.get_by_role("button", name="Set a password").click()
    await editor.page.keyboard.type("short")
    await editor.page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("at least 10 characters")
    await editor.page.keyboard.type(" and then long enough")
    await editor.page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="End the password").click()
    await expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    await editor.page.keyboard.press("Escape")
    await expect(dialog.get_by_role("button", name="End the password")).to_be_focused()
    assert (await shared.call("GET"))["password"]["by"]


async def test_an_alias_is_added_shown_removed_and_back(editor: Editor, shared: Shared, guest: Page) -> None:
    await shared.call("PATCH", public=True)
    name = f"alias-{secrets.token_hex(3)}"
    dialog = await share(editor.page)
    await dialog.get_by_role("tab", name="Domains").click()
    await dialog.get_by_label("Host", exact=True).fill(name)
    await expect(dialog.get_by_text(f"An alias: {name}.preview.localhost")).to_be_visible()
    await editor.page.keyboard.press("Enter")
    row = dialog.get_by_role("listitem").filter(has_text=name)
    await expect(row).to_contain_text("In service")
    address = await row.get_by_role("link").get_attribute("href")
    assert address is not None
    await guest.goto(address)
    await inside(guest)
    await row.get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)
    await dialog.get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("In service")


async def test_a_domain_of_ones_own_shows_its_record(editor: Editor) -> None:
    dialog = await share(editor.page)
    await dialog.get_by_role("tab", name="Domains").click()
    host = f"www.{secrets.token_hex(4)}.example"
    await dialog.get_by_label("Host", exact=True).fill(host)
    await editor.page.keyboard.press("Enter")
    record = dialog.get_by_role("group", name=f"The record that proves {host}")
    await expect(record).to_contain_text(f"_firefly.{host}")
    await record.get_by_role("button", name="Check now").click()
    await expect(record.get_by_role("button", name="Check now")).to_be_enabled()
    await expect(dialog.get_by_text("Waits for its record")).to_be_visible()
    await dialog.get_by_role("button", name=f"Remove {host}").click()
    await dialog.get_by_role("group").get_by_role("button", name="Remove").click()
    await expect(dialog.get_by_text("No domains yet")).to_be_visible()


async def test_maintainers_close_and_others_read(
    live_server: LiveServer, browser: Browser, editor: Editor, shared: Shared
) -> None:
    await shared.call("PATCH", public=True, addresses=["192.0.2.0/24"])
    context = await browser.new_context(base_url=live_server.url)
    page = await context.new_page()
    other = await sign_in(live_server, page, f"bob-{secrets.token_hex(3)}")
    for role in ("viewer", "maintainer"):
        async with editor.client.put(
            f"/api/v1/projects/{editor.path}/members/{other.name}", json={"role": role}
        ) as done:
            assert done.status < 300
        await page.goto(f"/app/{editor.path}")
        dialog = await share(page)
        await expect(dialog.get_by_text("Everybody who has the address can see the preview.")).to_be_visible()
        if role == "viewer":
            await expect(dialog.get_by_text("Owners and maintainers of")).to_be_visible()
            await expect(dialog.get_by_role("tab", name="Who came in")).to_have_count(0)
    await expect(dialog.get_by_role("button", name="New link")).to_have_count(0)
    await dialog.get_by_role("button", name="Remove 192.0.2.0/24").click()
    await dialog.get_by_role("group").get_by_role("button", name="Remove").click()
    await expect(dialog.get_by_role("button", name="Remove 192.0.2.0/24")).to_have_count(0)
    await dialog.get_by_label("Everybody").select_option("Cannot see it")
    await expect(dialog.get_by_text("Only members can see the preview.")).to_be_visible()
    assert (await shared.call("GET"))["addresses"] == []
    await context.close()


async def test_the_tab_key_goes_down_the_dialog_and_stays_in_it(editor: Editor, shared: Shared) -> None:
    await shared.call("POST", "/links", label="For the customer")
    dialog = await share(editor.page)
    await expect(dialog.get_by_text("For the customer")).to_be_visible()
    passed: list[tuple[bool, float]] = []
    while not passed or passed[-1][1] < await dialog.locator("summary").evaluate(PLACE):
        await editor.page.keyboard.press("Tab")
        passed.append(await editor.page.evaluate(FOCUS))
        assert len(passed) < 30
    assert all(inside for inside, _ in passed)
    assert [place for _, place in passed] == sorted(place for _, place in passed)
    assert len(passed) >= 8


async def test_on_a_phone_everything_is_in_reach(editor: Editor, shared: Shared) -> None:
    await shared.call("POST", "/links", label="A name that is quite long for a small telephone's screen, and longer")
    await Visitor(shared.preview).ask("Sam", "I would like to look at it from the train, if I may")
    async with sized(editor.page, PHONE):
        await expect(editor.page.get_by_role("article")).to_be_visible()
        assert await find_cut(editor.page) == []
        dialog = await share(editor.page)
        for name in ("Let in", "Who came in", "Domains", "Members"):
            await dialog.get_by_role("tab", name=name).click()
            assert await find_cut(editor.page) == []
            assert await find_violations(editor.page) == []
