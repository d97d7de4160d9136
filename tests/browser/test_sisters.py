"""One entry for all hosts of a project, in Chromium: a page on one port calls another, in a tab and in the editor."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Frame, Page, expect

from tests.browser.conftest import sign_in
from tests.support.names import LocalNames, local_names
from tests.support.server import LiveServer
from tests.support.witness import API_PORT, SECRET, Witness, make_witness

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("sisters")]

CALL = """async url => {
  const answer = await fetch(url, {credentials: 'include'});
  return [answer.status, await answer.json()];
}"""
TALK = """url => new Promise(resolve => {
  const socket = new WebSocket(url.replace('http', 'ws'));
  socket.onopen = () => socket.send('hello');
  socket.onmessage = event => { resolve(event.data); socket.close(); };
  socket.onerror = () => resolve('refused');
})"""


@pytest_asyncio.fixture(loop_scope="session")
async def witness(live_server: LiveServer) -> Witness:
    return await make_witness(live_server)


async def calls_its_sister(place: Page | Frame, witness: Witness, port: int = API_PORT) -> None:
    other = witness.at(port)
    answer: list[Any] = await place.evaluate(CALL, f"{other}/api")
    assert answer == [200, {"port": port, "secret": SECRET}]
    assert await place.evaluate(TALK, f"{other}/socket") == "echo hello"


async def test_a_guest_who_comes_in_by_a_link_is_let_in_on_every_port(witness: Witness, guest: Page) -> None:
    link = await witness.call("POST", "/access/links")
    await guest.goto(f"{link['url']}?to=/page%3Fa%3D1#part")
    await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
    assert guest.url == f"{witness.preview}/page?a=1#part"
    await calls_its_sister(guest, witness)
    assert len((await witness.call("GET", "/access"))["grants"]) == 1


async def test_a_member_in_a_tab_and_in_the_editor(live_server: LiveServer, witness: Witness, page: Page) -> None:
    person = await sign_in(live_server, page, f"ada-{secrets.token_hex(3)}")
    await witness.call("PUT", f"/members/{person.name}", role="editor")
    tab = await page.context.new_page()
    await tab.goto(witness.preview)
    await expect(tab.get_by_role("heading", name=SECRET)).to_be_visible()
    await calls_its_sister(tab, witness)
    await page.goto(witness.project["urls"]["editor"])
    await expect(page.frame_locator("iframe").get_by_role("heading", name=SECRET)).to_be_visible()
    frame = next(frame for frame in page.frames if frame.url.startswith(witness.preview))
    await calls_its_sister(frame, witness)


async def test_a_port_that_is_listened_on_later_is_reached_after_a_reload(witness: Witness, guest: Page) -> None:
    link = await witness.call("POST", "/access/links")
    await guest.goto(link["url"])
    await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
    await guest.evaluate(CALL.replace("answer.json()", "answer.text()"), f"{witness.preview}/listen?port=9100")
    status, problem = await guest.evaluate(CALL, f"{witness.at(9100)}/api")
    assert (status, problem["type"], problem["open"]) == (401, "urn:firefly:unauthenticated", "/.firefly/access")
    await guest.reload()
    await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
    await calls_its_sister(guest, witness, 9100)


async def test_a_page_may_open_a_port_by_itself(witness: Witness, guest: Page) -> None:
    link = await witness.call("POST", "/access/links")
    await guest.goto(link["url"])
    await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
    other = f"{witness.at(9200)}"
    await guest.evaluate(CALL.replace("answer.json()", "answer.text()"), f"{witness.preview}/listen?port=9200")
    join = "url => new Promise(done => { const picture = new Image(); picture.onerror = done; picture.src = url; })"
    await guest.evaluate(f"async url => {{ await ({join})(url); }}", f"{other}/.firefly/join")
    await calls_its_sister(guest, witness, 9200)


@pytest_asyncio.fixture(loop_scope="session")
async def names() -> AsyncIterator[LocalNames]:
    async with local_names() as running:
        yield running


async def test_a_custom_domain_is_a_sister_though_of_another_site(
    names: LocalNames, tmp_path: Path, guest: Page
) -> None:
    server = LiveServer(tmp_path, settings={"FIREFLY_DNS_SERVERS": names.server})
    await asyncio.to_thread(server.start)
    try:
        witness = await make_witness(server)
        domain = await witness.call("POST", "/domains", host="api.shop.localhost", port=API_PORT)
        names.texts[domain["proof"]["name"]] = [domain["proof"]["value"]]
        checked = await witness.call("POST", f"/domains/{domain['id']}/check")
        assert checked["state"] == "active"
        await guest.goto((await witness.call("POST", "/access/links"))["url"])
        await expect(guest.get_by_role("heading", name=SECRET)).to_be_visible()
        answer = await guest.evaluate(CALL, f"{domain['url']}/api")
        assert answer == [200, {"port": API_PORT, "secret": SECRET}]
        assert await guest.evaluate(TALK, f"{domain['url']}/socket") == "echo hello"
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)
