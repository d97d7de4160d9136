"""The page that grows while an application is on its way, in a browser: one line at a time, then the application."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from firefly.errors import SandboxFailed
from firefly.proxy import Progress, Step
from tests.browser.looking import DESKTOP, PHONE, Looker, find_violations
from tests.proxy.house import HOST, House, Peer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.open()
    yield made
    await made.close()


async def show(browser: Browser, house: House, size: tuple[int, int] = DESKTOP) -> Page:
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(30_000)
    await page.goto(f"http://{HOST}:{house.port}/", wait_until="commit")
    return page


async def greet(peer: Peer) -> None:
    while True:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>")


async def test_one_step_at_a_time_is_shown_and_then_the_application(browser: Browser, house: House) -> None:
    house.dialer.delay, house.upstream.behaviour = 60, greet
    house.dialer.steps[house.target] = Progress(Step.INSTALLING, "added 12 packages")
    page = await show(browser, house)
    now = page.locator("li.now:visible")
    await expect(now).to_contain_text("added 12 packages")
    house.dialer.steps[house.target] = Progress(Step.APPLICATION, "Listening soon")
    await expect(now).to_contain_text("Listening soon")
    await expect(now).to_have_count(1)
    await expect(page.get_by_text("Installing dependencies").last).to_be_visible()
    assert await find_violations(page) == []
    # The dial that was waited for comes to an end.
    house.dialer.delay = 0
    for connection in list(house.door._context.viewers):
        assert connection.viewer is not None
        connection.viewer.again()
    await expect(page.get_by_role("heading", name="Hello")).to_be_visible()


async def test_a_crash_takes_the_place_of_the_page(browser: Browser, house: House) -> None:
    house.dialer.delay = 2
    house.dialer.serve(house.target, SandboxFailed("It stopped.", output="KeyError: 'x'"))
    page = await show(browser, house)
    await expect(page.get_by_text("KeyError: 'x'")).to_be_visible()
    await expect(page.get_by_role("heading", name="Starting")).to_be_hidden()


@pytest.mark.screenshots
async def test_it_is_looked_at(browser: Browser, house: House, look: Looker) -> None:
    house.dialer.delay = 60
    house.dialer.steps[house.target] = Progress(Step.SANDBOX)
    page = await show(browser, house)
    now = page.locator("li.now:visible")
    for progress in (Progress(Step.INSTALLING, "added 214 packages"), Progress(Step.APPLICATION, "ready in 312 ms")):
        await expect(now).to_be_visible()
        house.dialer.steps[house.target] = progress
        await expect(now).to_contain_text(progress.detail)
    await look(page, "waiting")


@pytest.mark.screenshots
async def test_a_crash_is_looked_at(browser: Browser, house: House, look: Looker) -> None:
    output = "Traceback (most recent call last):\n  File \"app.py\", line 12\nKeyError: 'DATABASE_URL'"
    house.dialer.serve(house.target, SandboxFailed("The application stopped with exit code 1.", output=output))
    page = await show(browser, house)
    await expect(page.get_by_text("KeyError")).to_be_visible()
    await look(page, "waiting-crashed")


async def test_a_long_line_fits_on_a_phone(browser: Browser, house: House) -> None:
    house.dialer.delay = 60
    house.dialer.steps[house.target] = Progress(Step.INSTALLING, "npm http fetch GET 200 " * 6)
    page = await show(browser, house, PHONE)
    await expect(page.locator("li.now:visible")).to_contain_text("npm http fetch")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
