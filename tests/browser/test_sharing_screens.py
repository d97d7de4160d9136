"""Every screen of sharing in every state; `make screenshots` keeps them."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import sign_in
from tests.browser.editing import Editor, opened, own_token
from tests.browser.looking import Looker
from tests.browser.visiting import PHONE, Shared, Visitor
from tests.support.server import LiveServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.screenshots,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("screens"),
]


async def shared_by(server: LiveServer, editor: Editor) -> Shared:
    async with editor.client.get(f"/api/v1/projects/{editor.path}") as answer:
        preview = (await answer.json())["urls"]["preview"]
    return Shared(server, preview, editor.path, await own_token(editor.page))


async def test_sharing(live_server: LiveServer, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "vera", display_name="Vera Rubin")
    async with opened(live_server, person, "galaxies") as editor:
        shared = await shared_by(live_server, editor)
        await look_at_failure(page, look)
        await page.get_by_role("button", name=re.compile("^Share")).click()
        await expect(page.get_by_label("Everybody")).to_be_visible()
        await look(page, "share")
        await look_at_contrast(page, look)
        await look_at_stale(page, look, shared)
        await look_at_keys(page, look)
        await look_at_visitors(page, look, shared)
        await page.keyboard.press("Escape")
        await look_at_requests(page, look, shared)


async def look_at_failure(page: Page, look: Looker) -> None:
    await page.route("**/access", lambda route: route.abort())
    await page.get_by_role("button", name=re.compile("^Share")).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await look(page, "share-failed", looks=("light",))
    await page.unroute("**/access")
    await page.keyboard.press("Escape")


async def look_at_contrast(page: Page, look: Looker) -> None:
    await page.locator("html").evaluate("html => { html.dataset.theme = 'contrast' }")
    await look(page, "share-contrast", looks=("light",))
    await page.locator("html").evaluate("html => { delete html.dataset.theme }")


async def look_at_stale(page: Page, look: Looker, shared: Shared) -> None:
    """What is known stays when it cannot be looked at again."""
    await page.route("**/access", lambda route: route.abort())
    await shared.call("PATCH", public_paths=["/healthz"])
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await look(page, "share-stale", looks=("light",))
    await page.unroute("**/access")
    await shared.call("PATCH", public_paths=[])
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)


async def look_at_keys(page: Page, look: Looker) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name or e-mail address").fill("rosalind@example.org")
    await dialog.get_by_role("button", name="Let in").click()
    await expect(dialog.get_by_role("list", name="People who are let in")).to_contain_text("rosalind")
    await dialog.get_by_role("button", name="New link").click()
    await look(page, "share-new-link")
    await dialog.get_by_label("Name optional").fill("For the customer")
    await dialog.get_by_label("Can be used").select_option("5 times")
    await dialog.get_by_role("button", name="Make the link").click()
    await expect(dialog.get_by_text("Copy it now")).to_be_visible()
    await dialog.get_by_role("button", name="QR code").click()
    await expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    await look(page, "share-link-made")
    await dialog.get_by_role("button", name="Done").click()
    await dialog.get_by_role("button", name="Make a code").click()
    await dialog.get_by_role("button", name="Make the code").click()
    await expect(dialog.get_by_text("Read it out")).to_be_visible()
    await look(page, "share-code")
    await dialog.get_by_role("button", name="Done").click()
    await dialog.get_by_role("button", name="End the link").click()
    await expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    await look(page, "share-asking")
    await page.keyboard.press("Escape")
    await dialog.locator("summary").click()
    await dialog.get_by_label("Answer them").scroll_into_view_if_needed()
    await look(page, "share-more")


async def look_at_visitors(page: Page, look: Looker, shared: Shared) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("tab", name="Who came in").click()
    link = await shared.call("POST", "/links", label="Newsletter")
    code = await shared.call("POST", "/code")
    await Visitor(shared.preview).open(link["url"])
    await Visitor(shared.preview, PHONE).enter(code["code"])
    await expect(dialog.get_by_role("list", name="Visitors").get_by_role("listitem")).to_have_count(3)
    await look(page, "share-visitors")
    await dialog.get_by_role("button", name="End all").click()
    await look(page, "share-end-all", looks=("light",))
    await dialog.get_by_role("button", name="Keep").click()
    await look_at_domains(page, look)
    await dialog.get_by_role("tab", name="Members").click()
    await expect(dialog.get_by_label("Role of vera")).to_be_visible()
    await look(page, "share-members")


async def look_at_domains(page: Page, look: Looker) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("tab", name="Domains").click()
    await expect(dialog.get_by_text("No domains yet")).to_be_visible()
    await look(page, "domains-empty")
    for host in ("star-map", "www.galaxies.example"):
        await dialog.get_by_label("Host", exact=True).fill(host)
        await dialog.get_by_role("button", name="Add", exact=True).click()
        await expect(dialog.get_by_role("list", name="Domains")).to_contain_text(host)
    await look(page, "domains")
    await dialog.get_by_label("Host", exact=True).fill("co.uk")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await look(page, "domains-refused", looks=("light",))


async def look_at_requests(page: Page, look: Looker, shared: Shared) -> None:
    await Visitor(shared.preview).ask("Sam", "I am to review the pricing page before Friday", to="/pricing")
    await expect(page.get_by_text("Sam asks to see the preview")).to_be_visible()
    await look(page, "request")
    await page.get_by_role("button", name="Give a code").click()
    await expect(page.get_by_text("It is good once")).to_be_visible()
    await look(page, "request-code")
    await page.get_by_role("button", name="Done").click()
    for name in ("Katherine", "Dorothy", "Mary"):
        await Visitor(shared.preview, PHONE).ask(name)
    await expect(page.get_by_text("3 people ask for access")).to_be_visible()
    await look(page, "requests", looks=("light", "dark", "phone"))
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("dialog").get_by_role("article")).to_have_count(3)
    await look(page, "share-requests")
    await page.keyboard.press("Escape")
    await page.goto("/")
    await expect(page.get_by_text("3 people ask for access")).to_be_visible()
    await look(page, "dashboard-requests", looks=("light",))


async def test_doors(live_server: LiveServer, browser: Browser, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "cecilia", display_name="Cecilia Payne")
    async with opened(live_server, person, "stars") as editor:
        shared = await shared_by(live_server, editor)
        link = await shared.call("POST", "/links", label="For the customer")
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    guest = await context.new_page()
    await guest.goto(f"{shared.preview}/pricing")
    await expect(guest.get_by_role("heading", level=1)).to_have_text("This address is not open to everybody")
    await look(guest, "access")
    await guest.get_by_label("Code", exact=True).fill("WRON-GONE")
    await guest.get_by_label("Code", exact=True).press("Enter")
    await expect(guest.get_by_role("alert")).to_be_visible()
    await look(guest, "access-wrong")
    await guest.get_by_label("Your name").fill("Sam")
    await guest.get_by_role("button", name="Ask").click()
    await expect(guest.get_by_role("heading", name="You asked for access")).to_be_visible()
    await look(guest, "access-asked")
    # Not in the page that waits: it loads itself anew, also while it is to go elsewhere.
    other = await context.new_page()
    await other.set_extra_http_headers({"Sec-Purpose": "prefetch"})
    await other.goto(link["url"])
    await expect(other.get_by_role("button", name="Open")).to_be_visible()
    await look(other, "access-link")
    await context.close()
