"""Every screen in its states: what axe says, at 200 % zoom, on a phone; `make screenshots` keeps the pictures."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import PASSWORD, Person, invite, sign_in
from tests.browser.editing import Editor, opened, own_token
from tests.browser.looking import Looker, find_violations
from tests.support.server import LiveServer, create_project

pytestmark = [
    pytest.mark.browser,
    pytest.mark.screenshots,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("screens"),
]

INSTALLING = "install: echo Fetching 214 packages; sleep 600\nrun: ./serve\n"
STARTING = "run: echo Reading the catalogue…; sleep 600\n"
CRASHING = (
    "run: \"echo 'Listening soon'; echo 'Traceback (most recent call last):' >&2; "
    "echo '  File \\\"/workspace/app.py\\\", line 12, in <module>' >&2; "
    'echo \\"KeyError: \'DATABASE_URL\'\\" >&2; exit 1"\n'
)


async def test_signed_out(live_server: LiveServer, page: Page, look: Looker) -> None:
    await page.goto("/auth/sign-in")
    await look(page, "sign-in")
    await page.get_by_label("Name").fill("radia")
    await page.get_by_label("Password").fill("wrong, and long enough")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look(page, "sign-in-refused")
    link = await invite(live_server, "radia", display_name="Radia Perlman")
    await page.goto(link)
    await look(page, "link")
    await page.context.request.post(link, form={"password": PASSWORD}, headers={"Origin": live_server.url})
    await page.context.clear_cookies()
    await page.goto(link)
    await look(page, "link-used")
    await page.goto("/help")
    await look(page, "help")
    await page.goto("/help/users/editor")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The editor")
    await look(page, "help-page")


async def test_dashboard(live_server: LiveServer, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "ada", display_name="Ada Lovelace")
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Hello, Ada Lovelace")).to_be_visible()
    await look(page, "dashboard-first-visit")
    for path, name in (("/new", "new-project"), ("/import", "new-project-git"), ("/upload", "new-project-archive")):
        await page.goto(path)
        await expect(page.get_by_role("dialog")).to_be_visible()
        await look(page, name)
    await page.goto("/bin")
    await expect(page.get_by_role("heading", name="The bin is empty")).to_be_visible()
    await look(page, "bin-empty")
    await fill(live_server, person)
    await page.goto("/")
    await expect(page.locator(".project-link")).to_have_count(4)
    await look(page, "dashboard")
    await page.get_by_label("Find a project").fill("nothing like that")
    await look(page, "dashboard-nothing-found")
    await page.goto("/bin")
    await expect(page.get_by_role("button", name="Restore old-blog")).to_be_visible()
    await look(page, "bin")
    await page.goto("/no/such/page")
    await look(page, "not-found")


async def fill(server: LiveServer, person: Person) -> None:
    """Projects as a team has them: running, asleep, public, in the bin."""
    async with server.client(token=await own_token(person.page)) as client:
        for name, template in (
            ("old-blog", "static"),
            ("poetry", "python"),
            ("landing-page", "static"),
            ("wiki", "static"),
        ):
            await create_project(client, name, template, visibility="public" if name == "landing-page" else "members")
        await create_project(client, "observatory", "static", description="The telescope's schedule")
        await client.delete("/api/v1/projects/ada/old-blog")
        await client.post("/api/v1/projects/ada/wiki/sandbox/stop")


async def test_account(live_server: LiveServer, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "mary", display_name="Mary Somerville")
    await page.goto("/account")
    await expect(page.get_by_role("heading", name="Password")).to_be_visible()
    await look(page, "account")
    await page.goto("/account/sessions")
    await expect(page.get_by_text("Chrom").first).to_be_visible()
    await look(page, "sessions")
    await page.goto("/account/tokens")
    await expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()
    await look(page, "tokens-empty")
    await page.get_by_role("button", name="New token").click()
    await look(page, "token-new", looks=("light", "dark"))
    await page.get_by_label("Name").fill("laptop")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_text("ffp_")).to_be_visible()
    assert await find_violations(page) == []
    await page.get_by_role("button", name="Done").click()
    await look(page, "tokens")
    await page.goto("/admin/users")
    await expect(page.get_by_text("Mary Somerville")).to_be_visible()
    await look(page, "users")
    async with live_server.client(token=await own_token(page)) as client:
        await create_project(client, "stars", "static")
    await page.goto("/admin/front-door")
    await expect(page.get_by_role("link", name=f"stars--{person.name}.preview.localhost")).to_be_visible()
    await look(page, "admin-front-door")
    await page.get_by_role("link", name="GitHub App").click()
    await expect(page.get_by_role("button", name="See what GitHub is asked for")).to_be_visible()
    assert await find_violations(page) == []
    await look(page, "admin-github-app")
    await page.goto(f"/app/{person.name}/stars/settings")
    await expect(page.get_by_text("git clone")).to_be_visible()
    await look(page, "settings")
    await look_at_secrets(page, look)


async def look_at_secrets(page: Page, look: Looker) -> None:
    form = page.get_by_role("form", name="Set a secret")
    for name in ("API_KEY", "DATABASE_URL"):
        await form.get_by_label("Name").fill(name)
        await form.get_by_label("Value").fill(f"the value of {name}")
        await form.get_by_role("button", name="Set", exact=True).click()
        await expect(page.get_by_role("button", name=f"Change {name}")).to_be_visible()
    await page.get_by_role("button", name="Change API_KEY").click()
    await form.get_by_label("Name").fill("PATH")
    await form.get_by_role("button", name="Set", exact=True).click()
    await expect(form.get_by_role("alert")).to_be_visible()
    await page.get_by_role("heading", name="Secrets", exact=True).evaluate("title => title.scrollIntoView()")
    await look(page, "secrets")


@pytest_asyncio.fixture(loop_scope="session")
async def garden(live_server: LiveServer, page: Page) -> AsyncIterator[Editor]:
    """One project for all screens of the editor."""
    person = await sign_in(live_server, page, "emmy", display_name="Emmy Noether")
    async with opened(live_server, person, "garden") as editor:
        await expect(editor.preview.get_by_role("heading", name="Hello, world")).to_be_visible()
        yield editor


async def test_editor(garden: Editor, look: Looker) -> None:
    page = garden.page
    await garden.open("script.js")
    await look(page, "editor-static")
    await page.locator("html").evaluate("html => { html.dataset.theme = 'contrast' }")
    await look(page, "editor-contrast", looks=("light",))
    await page.locator("html").evaluate("html => { delete html.dataset.theme }")
    await look_at_palettes(garden, look)
    await look_at_menus(garden, look)
    await look_at_terminals(garden, look)
    await look_at_files(garden, look)
    await look_at_conflict(garden, look)
    assert "Night sky" not in (await garden.read("style.css") or "")
    assert await find_violations(page) == []


async def look_at_palettes(garden: Editor, look: Looker) -> None:
    page = garden.page
    await page.keyboard.press("Control+k")
    await look(page, "editor-commands")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+p")
    await page.get_by_role("combobox", name="Search files").fill("s")
    await expect(page.get_by_role("option").first).to_be_visible()
    await look(page, "editor-go-to-file")
    await page.keyboard.press("Escape")


async def look_at_menus(garden: Editor, look: Looker) -> None:
    page = garden.page
    await garden.row("style.css").click(button="right")
    await look(page, "editor-file-menu", looks=("light", "dark"))
    await page.keyboard.press("Escape")


async def look_at_terminals(garden: Editor, look: Looker) -> None:
    page = garden.page
    await page.keyboard.press("Control+Backquote")
    await expect(page.locator(".xterm")).to_be_visible()
    await page.keyboard.type("ls -l --color=always\n")
    await expect(page.locator(".xterm-rows")).to_contain_text("style.css")
    await page.keyboard.press("Control+Shift+Backquote")
    await expect(page.get_by_role("navigation", name="Panels").get_by_role("button", name="Close")).to_have_count(2)
    await page.keyboard.type("git log --oneline | cat\n")
    await expect(page.locator(".xterm-rows")).to_contain_text("git log")
    await look(page, "editor-terminals")
    await garden.run("Application output")
    await expect(page.get_by_role("region", name="Application output")).to_be_visible()
    await look(page, "editor-output")
    await page.keyboard.press("Control+j")


async def look_at_files(garden: Editor, look: Looker) -> None:
    page = garden.page
    await garden.write("model.bin", "\0binary")
    await garden.row("model.bin").click()
    await expect(page.get_by_text("model.bin is not text")).to_be_visible()
    await look(page, "editor-not-text", looks=("light",))
    for _ in range(3):
        await page.keyboard.press("Alt+w")
    await expect(page.get_by_text("No file is open")).to_be_visible()
    await look(page, "editor-no-file")


async def look_at_conflict(garden: Editor, look: Looker) -> None:
    page = garden.page
    await garden.open("style.css")
    text = await garden.read("style.css") or ""
    await garden.type_at_start("/* Night sky */\n")
    await garden.write("style.css", text.replace("#ffd75e", "#ffe9a3"))
    await expect(page.get_by_text("style.css was changed elsewhere, too.")).to_be_visible()
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_text("On disk", exact=True)).to_be_visible()
    await look(page, "editor-conflict")
    await page.get_by_role("button", name="Take theirs").click()
    await expect(page.get_by_text("style.css was changed elsewhere, too.")).to_be_hidden()


async def test_application_states(live_server: LiveServer, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "hedy", display_name="Hedy Lamarr")
    async with opened(live_server, person, "radio") as radio:
        await radio.write("firefly.yml", INSTALLING)
        await expect(page.get_by_role("heading", name="Installing what it needs")).to_be_visible()
        await radio.run("Application output")
        await expect(page.get_by_role("log")).to_contain_text("Fetching 214 packages")
        await look(page, "editor-installing")
        await page.keyboard.press("Control+j")
        await radio.write("firefly.yml", STARTING)
        await radio.run("Restart application")
        await expect(page.get_by_role("heading", name="Starting the application")).to_be_visible()
        await look(page, "editor-starting")
        await look_at_host(radio, look, "Starting", "preview-starting")
        await radio.write("firefly.yml", CRASHING)
        await radio.run("Restart application")
        await expect(page.get_by_role("heading", name="The application stopped")).to_be_visible(timeout=30_000)
        await look(page, "editor-crashed")
        await look_at_host(radio, look, "The application stopped", "preview-crashed")
        await radio.run("Put sandbox to sleep")
        await expect(page.get_by_role("heading", name="The sandbox sleeps")).to_be_visible()
        await look(page, "editor-asleep")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Wake it").first.click()
        await expect(page.get_by_text("You are signed out.")).to_be_visible()
        await look(page, "editor-signed-out")


async def look_at_host(radio: Editor, look: Looker, title: str, name: str) -> None:
    """The same on the preview's own host, by the front door."""
    tab = await radio.page.context.new_page()
    async with radio.client.get(f"/api/v1/projects/{radio.path}") as answer:
        # What waits goes on loading.
        await tab.goto((await answer.json())["urls"]["preview"], wait_until="commit")
    await expect(tab.get_by_role("heading", name=title)).to_be_visible()
    await look(tab, name)
    await tab.close()


async def test_front_door(live_server: LiveServer, page: Page, look: Looker) -> None:
    person = await sign_in(live_server, page, "rear", display_name="Rear Admiral")
    async with live_server.client(token=await own_token(page)) as client:
        project = await create_project(client, "gone", "static")
        await page.goto(live_server.content_url(f"8099--gone--{person.name}"), wait_until="commit")
        await expect(page.get_by_text("Nothing listens on port 8099.").last).to_be_visible()
        await look(page, "preview-nothing-listens")
        await page.goto("about:blank")
        await client.delete(f"/api/v1/projects/{person.name}/gone")
    await page.goto(project["urls"]["preview"])
    await expect(page.get_by_role("heading").first).to_be_visible()
    await look(page, "preview-gone")
    await page.goto(live_server.content_url("secret--somebody"))
    await expect(page.get_by_text("Your account does not open this address.")).to_be_visible()
    await look(page, "preview-refused")
