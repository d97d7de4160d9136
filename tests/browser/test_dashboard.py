"""The dashboard as a person uses it: against the real server, in Chromium."""

import io
import zipfile

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Person
from tests.browser.editing import own_token
from tests.browser.looking import PHONE
from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def make(live_server: LiveServer, person: Person, *names: str) -> None:
    async with live_server.client(token=await own_token(person.page)) as client:
        for name in names:
            await create_project(client, name, "static")


async def choose(page: Page, name: str, item: str) -> None:
    await page.get_by_role("button", name=f"More for {name}").click()
    await page.get_by_role("menuitem", name=item).click()


async def test_first_visit_offers_three_ways_to_begin(person: Person) -> None:
    page = person.page
    for way in ("Start from a template", "Import a repository", "Bring a folder"):
        await expect(page.get_by_role("heading", name=way)).to_be_visible()
    await expect(page.get_by_text("firefly up")).to_be_visible()


async def test_template_becomes_a_project(live_server: LiveServer, person: Person) -> None:
    page = person.page
    await page.get_by_role("link", name="Start from a template").click()
    await expect(page.get_by_role("radio")).to_have_count(6)
    await page.get_by_role("radio", name="Static page").check(force=True)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("my-static")
    await page.get_by_role("button", name="Create project").click()
    await page.wait_for_url(f"**/app/{person.name}/my-static")
    await page.goto("/")
    await expect(page.get_by_role("link", name="my-static", exact=True)).to_be_visible()


async def test_bad_and_taken_names_are_told(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "taken")
    page = person.page
    await page.goto("/new")
    name = page.get_by_label("Name", exact=True)
    for given in ("No Capitals", "taken"):
        await name.fill(given)
        await page.get_by_role("button", name="Create project").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(name).to_have_attribute("aria-invalid", "true")


async def test_keys_lead_from_search_to_the_editor(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "engine", "poetry", "notes")
    page = person.page
    await page.reload()
    await expect(page.locator(".project-link")).to_have_count(3)
    await page.keyboard.press("/")
    await page.keyboard.type("o")
    await expect(page.locator(".project-link")).to_have_text(["notes", "poetry"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="poetry", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/app/{person.name}/poetry")


async def test_what_others_do_appears_by_itself(live_server: LiveServer, person: Person) -> None:
    page = person.page
    await make(live_server, person, "from-outside")
    await expect(page.get_by_role("link", name="from-outside", exact=True)).to_be_visible()


async def test_deleting_is_undone_from_the_notice_and_from_the_bin(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "poetry")
    page = person.page
    link = page.get_by_role("link", name="poetry", exact=True)
    await choose(page, "poetry", "Delete")
    await expect(link).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(link).to_be_visible()
    await choose(page, "poetry", "Delete")
    await expect(link).to_have_count(0)
    await page.get_by_role("navigation").get_by_role("link", name="Bin").click()
    await page.get_by_role("button", name="Restore poetry").click()
    await page.get_by_role("navigation").get_by_role("link", name="Projects").click()
    await expect(link).to_be_visible()


async def test_renaming(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "draft")
    page = person.page
    await choose(page, "draft", "Rename…")
    await page.get_by_label("Name", exact=True).fill("final")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page.get_by_role("link", name="final", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="draft", exact=True)).to_have_count(0)


async def test_members_and_visibility(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "shared")
    page = person.page
    await choose(page, "shared", "Share…")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("tab", name="Members").click()
    await dialog.get_by_label("Add someone").fill("admin")
    await dialog.get_by_label("Role", exact=True).select_option("viewer")
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog.get_by_label("Role of admin")).to_have_value("viewer")
    await dialog.get_by_label("Add someone").fill("nobody-at-all")
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await dialog.get_by_role("tab", name="Let in").click()
    await dialog.get_by_label("Everybody").select_option("Sees preview and files")
    await dialog.get_by_role("button", name="Close").click()
    await expect(page.get_by_label("Public", exact=True)).to_be_visible()


async def test_archive_is_uploaded_and_its_steps_are_shown(live_server: LiveServer, person: Person) -> None:
    page = person.page
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.html", "<h1>From an archive</h1>")
    await page.goto("/upload")
    file = {"name": "My Site.zip", "mimeType": "application/zip", "buffer": content.getvalue()}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_label("Name", exact=True)).to_have_value("my-site")
    await page.get_by_role("button", name="Upload").click()
    await page.wait_for_url(f"**/app/{person.name}/my-site", timeout=60_000)


async def test_import_from_this_machine_is_refused_in_words(person: Person) -> None:
    page = person.page
    await page.goto("/import")
    await page.get_by_label("Git address").fill("http://127.0.0.1:9/team/site.git")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("site")
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("alert").first).to_be_visible()


async def test_token_is_shown_once_and_revoked(person: Person) -> None:
    page = person.page
    await page.goto("/account/tokens")
    await page.get_by_role("button", name="New token").click()
    await page.get_by_label("Name").fill("laptop")
    await page.get_by_role("button", name="Make the token").click()
    secret = page.get_by_text("ffp_")
    await expect(secret).to_be_visible()
    await page.get_by_role("button", name="Done").click()
    await expect(secret).to_have_count(0)
    await expect(page.get_by_text("laptop")).to_be_visible()
    await page.get_by_role("button", name="Revoke laptop").click()
    await page.get_by_role("button", name="Revoke the token").click()
    await expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()


async def test_a_new_display_name_is_seen_in_other_tabs(person: Person) -> None:
    page = person.page
    other = await page.context.new_page()
    async with other.expect_response("**/api/v1/events*"):
        await other.goto("/")
    await expect(other.get_by_role("button", name="AL, account of Ada Lovelace")).to_be_visible()
    await page.goto("/account")
    await page.get_by_label("Display name").fill("Countess")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Others see you as Countess now.")).to_be_visible()
    await expect(page.get_by_role("heading", name="Countess")).to_be_visible()
    await expect(other.get_by_role("button", name="C, account of Countess")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Display name")).to_have_value("Countess")


async def test_look_is_kept_without_a_flash(person: Person) -> None:
    page = person.page
    await page.goto("/account")
    await page.get_by_role("radio", name="Dark").check(force=True)
    answer = await page.goto("/")
    assert answer is not None
    assert '<html lang="en" data-theme="dark">' in await answer.text()


async def test_users_are_made_by_administrators(live_server: LiveServer, person: Person) -> None:
    page = person.page
    await page.goto("/admin/users")
    await page.get_by_role("button", name="New user").click()
    await page.get_by_label("Name", exact=True).fill("katherine")
    await page.get_by_role("button", name="Make the account").click()
    await expect(page.get_by_text("/auth/link/")).to_be_visible()
    await page.get_by_role("button", name="Done").click()
    await page.get_by_label("Role of katherine").select_option("administrator")
    await expect(page.get_by_text("katherine is an administrator now.")).to_be_visible()


async def test_settings_rename_the_project_and_its_address(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "site")
    page = person.page
    await page.goto(f"/app/{person.name}/site/settings")
    await page.get_by_label("Name", exact=True).fill("new-site")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(f"**/app/{person.name}/new-site/settings")
    await expect(page.get_by_text(f"git clone {live_server.url}/git/{person.name}/new-site.git")).to_be_visible()


async def test_nothing_is_cut_on_a_phone(live_server: LiveServer, person: Person) -> None:
    await make(live_server, person, "a-project-with-quite-a-long-name")
    page = person.page
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    for path in ("/", "/new", "/bin", "/account", "/account/tokens", "/admin/users"):
        await page.goto(path)
        await expect(page.locator("main")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
