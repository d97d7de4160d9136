"""A guest without an account in Chromium: every door is a page that works there, cookies and forms included."""

import asyncio
import secrets
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.server import LiveServer, create_project

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "a password to share"
SHOWN = "Hello, world"


class Shared:
    def __init__(self, server: LiveServer, project: dict[str, Any]) -> None:
        self.server = server
        self.preview: str = project["urls"]["preview"]
        self.access = f"/api/v1/projects/{project['owner']}/{project['name']}/access"

    async def call(self, method: str, path: str = "", **body: Any) -> Any:
        async with self.server.client() as client, client.request(method, self.access + path, json=body) as response:
            assert response.status in {200, 201}, await response.text()
            return await response.json()


@pytest_asyncio.fixture(loop_scope="session")
async def shared(live_server: LiveServer) -> Shared:
    async with live_server.client() as client:
        return Shared(live_server, await create_project(client, f"doors-{secrets.token_hex(3)}", "static"))


async def expect_inside(guest: Page, shared: Shared, path: str = "/") -> None:
    await expect(guest.get_by_role("heading", name=SHOWN)).to_be_visible()
    await guest.wait_for_url(f"{shared.preview}{path}")


async def test_a_link_opens_the_preview_and_is_not_in_the_address(shared: Shared, guest: Page) -> None:
    link = await shared.call("POST", "/links", max_uses=1)
    await guest.goto(link["url"])
    await expect_inside(guest, shared)
    await guest.goto(link["url"])
    await expect_inside(guest, shared)


async def test_a_code_and_a_password_are_typed(shared: Shared, guest: Page) -> None:
    code = (await shared.call("POST", "/code"))["code"]
    await shared.call("POST", "/password", password=PASSWORD)
    await guest.goto(f"{shared.preview}/?a=1")
    await expect(guest.get_by_role("heading", level=1)).to_have_text("This address is not open to everybody")
    await guest.get_by_label("Code", exact=True).fill("WRONG")
    await guest.get_by_label("Code", exact=True).press("Enter")
    await expect(guest.get_by_role("alert")).to_contain_text("This code does not open anything here")
    await expect(guest.get_by_label("Code", exact=True)).to_be_focused()
    await guest.get_by_label("Code", exact=True).fill(code.lower())
    await guest.get_by_label("Code", exact=True).press("Enter")
    await expect_inside(guest, shared, "/?a=1")
    await guest.context.clear_cookies()
    await guest.goto(shared.preview)
    await guest.get_by_label("Password", exact=True).fill(PASSWORD)
    await guest.get_by_label("Password", exact=True).press("Enter")
    await expect_inside(guest, shared)


async def test_who_asks_and_is_allowed_lands_where_he_wanted_to_go(shared: Shared, guest: Page) -> None:
    await guest.goto(f"{shared.preview}/?wanted=1")
    await guest.get_by_label("Your name").fill("Sam")
    await guest.get_by_role("button", name="Ask").click()
    await expect(guest.get_by_role("heading", name="You asked for access")).to_be_visible()
    requests: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while not requests:
            requests = (await shared.call("GET"))["requests"]
    await shared.call("POST", f"/requests/{requests[0]['id']}", answer="allow", hours=1)
    await expect_inside(guest, shared, "/?wanted=1")


async def test_the_doors_lead_to_signing_in_and_back(shared: Shared, guest: Page) -> None:
    await guest.goto(f"{shared.preview}/?a=1")
    await guest.get_by_role("link", name="Sign in to Firefly").click()
    await guest.wait_for_url(f"{shared.server.url}/auth/sign-in?next=**")
    await expect(guest.get_by_label("Name")).to_be_visible()
