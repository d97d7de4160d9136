"""Connecting, importing, choosing where both sides went on, and parting, in pages of a server with a provider."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from firefly.testing.providers import ProviderServer, TwinRepository
from tests.browser.conftest import Person, desktop, sign_in, watched
from tests.browser.looking import Looker
from tests.linking.linked import Clone, git
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.timeout(240)]


@dataclass
class Garden:
    """A person at a server that knows a Gitea, and a clone of the repository there."""

    person: Person
    twin: ProviderServer
    there: TwinRepository
    clone: Clone


@pytest_asyncio.fixture(loop_scope="session")
async def garden(browser: Browser, tmp_path: Path) -> AsyncIterator[Garden]:
    (tmp_path / "server").mkdir()
    bare = tmp_path / "garden.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", bare.name)
    clone = Clone(bare, tmp_path / "clone")
    clone.commit("first")
    async with ProviderServer() as twin:
        there = twin.add(TwinRepository("gitea", "octo/garden", folder=bare))
        twin.add(TwinRepository("gitea", "octo/old-shed", permissions={"octo": "read"}, is_private=False))
        twin.add(TwinRepository("gitea", "octo/site", is_private=False))
        settings = {"FIREFLY_GITEA_URL": twin.base_url("gitea"), "FIREFLY_IMPORT_ADDRESSES": "127.0.0.1"}
        with LiveServer(tmp_path / "server", settings=settings) as server:
            async with desktop(browser, server) as context, watched(context) as page:
                yield Garden(await sign_in(server, page, "ada", display_name="Ada Lovelace"), twin, there, clone)


async def test_a_project_comes_from_a_provider_is_kept_in_step_and_parted_from(garden: Garden, look: Looker) -> None:
    page = garden.person.page
    await connect(garden, look)
    await page.goto("/import/provider")
    rows = page.get_by_role("list", name="Repositories").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="old-shed")).to_contain_text("You may not administer it")
    await page.get_by_role("button", name="Choose octo/garden").click()
    await expect(page.get_by_text("only members see it here")).to_be_visible()
    await look(page, "import-provider")
    await fail_and_go_on(garden, look)
    await page.wait_for_url("**/app/ada/garden", timeout=90_000)
    assert len(garden.there.hooks) == 1
    await page.goto("/app/ada/garden/settings")
    linked = page.get_by_role("region", name="Linked repository")
    await expect(linked).to_contain_text("In step")
    await diverge(garden, linked_page=page)
    await linked.get_by_role("button", name="Compare now").click()
    await expect(linked).to_contain_text("Both sides went on")
    await page.get_by_role("heading", name="Linked repository").evaluate(
        "title => title.scrollIntoView({block: 'center'})"
    )
    await look(page, "link-diverged")
    await linked.get_by_role("button", name="Keep ours as a new branch, follow theirs").click()
    await expect(linked).to_contain_text("In step")
    assert "main-firefly" in git(garden.clone.bare, "branch", "--list", "main-firefly")
    proposing = linked.get_by_role("form", name="Open a pull request")
    await proposing.get_by_label("Title of a pull request").fill("What we did")
    await proposing.get_by_label("Branch").fill("main-firefly")
    await proposing.get_by_role("button", name="Open a pull request").click()
    await expect(proposing.get_by_role("link", name="See it")).to_have_attribute("href", re.compile("octo/garden/pull"))
    assert garden.there.pulls[1].head_ref == "main-firefly"
    await linked.get_by_role("button", name="Unlink octo/garden").click()
    await linked.get_by_role("group").get_by_role("button", name="Unlink").click()
    await expect(linked.get_by_role("form", name="Link to a repository")).to_be_visible()
    assert garden.there.hooks == {}


async def connect(garden: Garden, look: Looker) -> None:
    """By a token; one that is no good any more is shown with what to do."""
    page = garden.person.page
    await page.goto("/account/connections")
    await expect(page.get_by_role("heading", name="No connections yet")).to_be_visible()
    await look(page, "connections-empty", looks=("light", "dark"))
    await page.get_by_role("button", name="Connect Gitea or Forgejo by a token").click()
    form = page.get_by_role("form", name="Connect Gitea or Forgejo")
    await form.get_by_label("Personal access token").fill("nonsense")
    await form.get_by_role("button", name="Connect").click()
    await expect(form.get_by_role("alert")).to_contain_text("does not accept the token")
    await form.get_by_label("Personal access token").fill(garden.twin.token)
    await form.get_by_role("button", name="Connect").click()
    row = page.get_by_role("list", name="Connections").get_by_role("listitem")
    await expect(row).to_contain_text("as octo")
    good, garden.twin.token = garden.twin.token, "another"
    await row.get_by_role("button", name="Check Gitea").click()
    await expect(row).to_contain_text("Stopped working")
    await look(page, "connections-broken")
    garden.twin.token = good
    await row.get_by_role("button", name="Check Gitea").click()
    await expect(row).to_contain_text("Works")


async def fail_and_go_on(garden: Garden, look: Looker) -> None:
    """The history cannot be fetched; the list leads back to the steps, where it is tried again."""
    page = garden.person.page
    folder, garden.there.folder = garden.there.folder, None
    await page.get_by_role("button", name="Import octo/garden").click()
    again = page.get_by_role("dialog", name="garden was not filled").get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await look(page, "import-failed")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Steps of the import of garden").click()
    garden.there.folder = folder
    await again.click()


async def diverge(garden: Garden, *, linked_page: Page) -> None:
    """A commit on either side, ours while the provider cannot be reached."""
    folder, garden.there.folder = garden.there.folder, None
    commit = "git config user.name Ada; git config user.email ada@example.org; echo ours > file; git commit -qam ours"
    answer = await linked_page.evaluate(
        """async (command) => (await fetch("/api/v1/projects/ada/garden/exec", {
          method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({command}),
        })).json()""",
        f"{commit} && git push -q origin HEAD",
    )
    assert answer["exit_code"] == 0, answer
    # Before the provider is back: what is ours goes there at once then.
    await asyncio.to_thread(garden.clone.commit, "theirs")
    garden.there.folder = folder
