"""Builds in the browser: pushed with stock git, watched live, opened, explained, killed, searched, set up."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.acceptance.test_git import git
from tests.browser.conftest import desktop, sign_in, watched
from tests.browser.editing import own_token
from tests.browser.looking import Looker
from tests.support.server import BUILDING, LiveServer, create_project

pytestmark = [
    pytest.mark.browser,
    pytest.mark.screenshots,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("screens"),
]

MANY = 100_000
GOOD = f"""
env: {{PYTHONUNBUFFERED: "1"}}
run: python3 -m http.server $PORT --bind $HOST
build:
  - printf '\\033[36mvite v7.3.8 \\033[32mbuilding for production...\\033[0m\\n'
  - seq -f '%.0f modules transformed' {MANY}
  - printf '\\033[2mdist/\\033[0m\\033[36massets/index.js\\033[0m  142.10 kB\\n'
"""
BROKEN = """
build:
  - echo Reading the catalogue of stars
  - python3 -c 'import planets'
"""
ENDLESS = """
build:
  - seq -f 'Sensor %.0f of 60 is cold enough' 60
  - for second in $(seq 600); do echo "Second $second of the exposure"; sleep 1; done
"""


@dataclass
class Observatory:
    """A project in the browser of its owner, and a clone of it that pushes."""

    page: Page
    path: str
    clone: Path

    async def push(self, branch: str, configuration: str, subject: str) -> None:
        (self.clone / "firefly.yml").write_text(configuration.lstrip())
        home = self.clone.parent
        await git("add", "-A", cwd=self.clone, home=home)
        await git("commit", "-qm", subject, cwd=self.clone, home=home)
        await git("push", "-q", "origin", f"HEAD:{branch}", cwd=self.clone, home=home)

    async def show(self, page: str) -> None:
        await self.page.goto(f"/app/{self.path}/{page}")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name="Log of the build")

    @property
    def state(self) -> Locator:
        return self.page.locator(".build-facts .mark")


@pytest_asyncio.fixture(loop_scope="session")
async def observatory(browser: Browser, tmp_path: Path) -> AsyncIterator[Observatory]:
    (tmp_path / "server").mkdir()
    with LiveServer(tmp_path / "server", settings=BUILDING) as server:
        async with desktop(browser, server) as context, watched(context) as page:
            await sign_in(server, page, "maria", display_name="Maria Mitchell")
            token = await own_token(page)
            async with server.client(token=token) as client:
                project = await create_project(client, "observatory", "static")
            remote = project["urls"]["git"].replace("http://", f"http://maria:{token}@", 1)
            await git("clone", "-q", remote, "clone", cwd=tmp_path, home=tmp_path)
            yield Observatory(page, "maria/observatory", tmp_path / "clone")


async def test_builds(observatory: Observatory, look: Looker) -> None:
    page = observatory.page
    await observatory.show("branches")
    await expect(page.get_by_label("Commands")).to_contain_text("git push firefly main")
    await look(page, "branches-empty")
    await look_at_one_that_runs(observatory, look)
    await look_at_one_that_failed(observatory, look)
    await look_at_one_that_is_live(observatory, look)
    await look_at_lists(observatory, look)
    await look_at_settings(observatory, look)


async def look_at_one_that_runs(observatory: Observatory, look: Looker) -> None:
    """Its lines appear while it builds, the newest in view until one scrolls up; others hear of it; it is killed."""
    page = observatory.page
    await observatory.push("exposure", ENDLESS, "Expose the plate for ten minutes")
    # The list has heard of it by itself.
    await page.get_by_role("link", name="Building").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Expose the plate for ten minutes")
    for second in (1, 2):
        await expect(observatory.log).to_contain_text(f"Second {second} of the exposure")
    await expect(page.get_by_role("navigation", name="Steps").get_by_role("button", name="Fetch")).to_be_visible()
    await look(page, "build-running")
    await observatory.log.hover()
    await page.mouse.wheel(0, -600)
    await page.locator(".log-newest").wait_for()
    await page.keyboard.press("f")
    await expect(page.locator(".log-newest")).to_have_count(0)
    await page.goto("/")
    await expect(page.locator(".row-build")).to_contain_text("Building")
    await look(page, "dashboard-building", looks=("light", "dark"))
    await page.goto("/admin/builds")
    await expect(page.get_by_role("region", name="Cleared away").get_by_text("Bytes without a row")).to_be_visible()
    await expect(page.get_by_role("link", name="maria/observatory #1")).to_be_visible()
    await look(page, "admin-builds")
    await observatory.show("builds/1")
    await page.get_by_role("button", name="Kill", exact=True).click()
    await look(page, "build-kill", looks=("light", "dark"))
    await page.keyboard.press("Enter")
    await expect(observatory.state).to_have_text("Killed")
    # What was pressed has gone; keys go on from what stands there now.
    await expect(page.get_by_role("button", name="Build again")).to_be_focused()


async def look_at_one_that_failed(observatory: Observatory, look: Looker) -> None:
    page = observatory.page
    await observatory.push("broken", BROKEN, "Add Neptune")
    await observatory.show("builds/2")
    card = page.get_by_role("region", name="Why it failed")
    await expect(card.get_by_label("The lines that matter")).to_contain_text("No module named 'planets'")
    await expect(observatory.log).to_contain_text("No module named 'planets'")
    await look(page, "build-failed")
    await card.get_by_role("button", name="Open a terminal").click()
    await expect(page.locator(".xterm-rows")).to_contain_text("$")
    await page.keyboard.type("cat firefly.yml\n")
    await expect(page.locator(".xterm-rows")).to_contain_text("import planets")
    await look(page, "build-terminal")


async def look_at_one_that_is_live(observatory: Observatory, look: Looker) -> None:
    """A hundred thousand lines, of which few are in the page; words are found, lines linked, its site opened."""
    page = observatory.page
    await observatory.push("main", GOOD, "Draw the stars where they are tonight")
    await observatory.show("builds/3")
    site = page.locator(".site-live .site-address")
    await expect(site).to_be_visible()
    await look(page, "build-live")
    await page.keyboard.press("/")
    await page.keyboard.type(f"{MANY - 1} Modules")
    await expect(page.get_by_role("search", name="Log")).to_contain_text("1 of 1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".log-at")).to_contain_text(f"{MANY - 1} modules transformed")
    assert await page.locator(".log-line").count() < 150
    await look(page, "build-search")
    await page.keyboard.press("Escape")
    await page.goto(f"/app/{observatory.path}/builds/3#L50000")
    await page.reload()
    await expect(page.locator(".log-chosen")).to_contain_text("modules transformed")
    await page.get_by_role("button", name="Site’s output").click()
    await expect(page.get_by_role("log", name="What the site prints")).to_contain_text("Serving HTTP")
    await look(page, "build-output")
    await page.keyboard.press("d")
    await expect(page.get_by_text("firefly.yml", exact=True)).to_be_visible()
    await look(page, "build-details")
    async with page.context.expect_page() as opened:
        await site.click()
    shown = await opened.value
    await expect(shown.locator("body")).to_contain_text("Hello")
    await shown.close()


async def look_at_lists(observatory: Observatory, look: Looker) -> None:
    page = observatory.page
    await observatory.show("branches")
    await expect(page.get_by_role("link", name="Succeeded")).to_be_visible()
    await page.get_by_role("button", name="Make main a demo").click()
    await expect(page.get_by_role("button", name="main is a demo")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Dismiss").click()
    await look(page, "branches")
    await observatory.show("builds")
    rows = page.get_by_role("list", name="Builds").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await look(page, "builds")
    await page.get_by_label("State").select_option("Failed")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(rows).to_contain_text("Add Neptune")
    await page.get_by_label("State").select_option("Every state")
    await page.keyboard.press("Escape")
    await page.locator("body").press("/")
    await page.keyboard.type("plate")
    await expect(rows).to_contain_text(["Expose the plate"])
    await page.keyboard.press("Escape")
    await expect(rows).to_have_count(3)
    for key in ("j", "j", "k", "Enter"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Draw the stars where they are tonight")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("u")
    await expect(rows).to_have_count(3)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Next row")
    await page.keyboard.press("Escape")


async def look_at_settings(observatory: Observatory, look: Looker) -> None:
    """Changes are kept at once and undone; a wrong configuration is told beside its field, a right one is built."""
    page = observatory.page
    await observatory.show("builds/settings")
    await page.get_by_label("Some branches").check()
    await page.get_by_label("Patterns").fill("main\nrelease/*")
    await page.get_by_role("button", name="Save the patterns").click()
    await expect(page.get_by_text("The patterns are saved.")).to_be_visible()
    await page.get_by_label("Hold all builds").fill("The dome is being repaired")
    await page.get_by_role("button", name="Hold", exact=True).click()
    await expect(page.get_by_text("Builds are held.").first).to_be_visible()
    for notice in reversed(await page.get_by_role("button", name="Dismiss").all()):
        await notice.click()
    await look(page, "build-settings")
    await page.get_by_role("button", name="Let them go on").click()
    field = page.get_by_role("textbox", name="Configuration")
    await field.fill("colour: red\n")
    await page.get_by_role("button", name="Save", exact=True).first.click()
    await expect(page.get_by_role("alert")).to_contain_text("colour")
    await field.fill("build: echo As it is kept here\n")
    await page.get_by_label("Branch to build").fill("broken")
    await page.get_by_role("button", name="Save and build").click()
    await page.wait_for_url("**/builds/4")
    await observatory.show("builds/hooks")
    await expect(page.get_by_role("heading", name="Tell another service of builds")).to_be_visible()
    await look(page, "build-hooks")
    await page.get_by_role("button", name="Add a hook").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Address").fill("https://stars.invalid/hooks/firefly")
    await form.get_by_role("button", name="Add it").click()
    await expect(form.get_by_role("alert")).to_contain_text("stars.invalid")
    await look(page, "build-hook-refused", looks=("light", "dark"))
