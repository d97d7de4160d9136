"""Signing in and out in a browser, with script and without."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Person, invite
from tests.support.server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def test_link_lets_in_once(live_server: LiveServer, page: Page) -> None:
    link = await invite(live_server, "grace")
    await page.goto(link)
    await expect(page.get_by_role("heading")).to_have_text("Welcome")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    await page.context.clear_cookies()
    answer = await page.goto(link)
    assert answer is not None
    assert answer.status == 401
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()


async def test_wrong_password_is_told_and_the_name_kept(live_server: LiveServer, page: Page) -> None:
    await page.goto("/auth/sign-in?next=/bin")
    await page.get_by_label("Name").fill("nobody")
    await page.get_by_label("Password").fill("wrong, and long enough")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await page.get_by_label("Name").input_value() == "nobody"
    assert await page.get_by_label("Password").input_value() == ""


async def test_signing_in_needs_no_script(live_server: LiveServer, browser: Browser, person: Person) -> None:
    context = await browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/bin")
    await page.get_by_label("Name").fill(person.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/bin")
    await expect(page.locator("noscript")).to_have_count(1)


async def test_signing_out_ends_the_session(live_server: LiveServer, person: Person) -> None:
    page = person.page
    await page.get_by_role("button", name="Account of").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url("**/auth/sign-in")
    await page.goto("/")
    await expect(page).to_have_url(re.compile(r"/auth/sign-in\?next="))
