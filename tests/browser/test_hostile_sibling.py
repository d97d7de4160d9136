"""A hostile preview beside a private one, in Chromium, in the browser of somebody who may see both.

Content hosts are same-site with each other, so everything that a page may do to its own site is tried. Each attempt
stands beside one that works, on the page's own host, or without what stands in the way.
"""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import sign_in
from tests.support.server import LiveServer
from tests.support.witness import API_PORT, SECRET, Witness, make_witness

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("sibling")]

FETCH = """async ([url, method]) => {
  try {
    const answer = await fetch(url, {method, credentials: 'include', body: method === 'POST' ? 'x=1' : undefined});
    return [answer.status, await answer.text()];
  } catch (error) { return [0, String(error)]; }
}"""
SILENT = """async ([url, method]) => {
  const answer = await fetch(url, {method, credentials: 'include', mode: 'no-cors'});
  return answer.type;
}"""
TALK = """url => new Promise(resolve => {
  const socket = new WebSocket(url.replace('http', 'ws') + '/socket');
  socket.onopen = () => socket.send('hello');
  socket.onmessage = event => { resolve(event.data); socket.close(); };
  socket.onerror = () => resolve('refused');
})"""
LOAD = """([kind, url]) => new Promise(resolve => {
  const element = document.createElement(kind);
  element.onload = () => resolve('loaded');
  element.onerror = () => resolve('failed');
  element.src = url;
  document.body.append(element);
})"""
FORM = """url => {
  const form = document.createElement('form');
  form.method = 'post'; form.action = url;
  document.body.append(form); form.submit();
}"""
OPEN = "url => { window.opened = window.open(url); }"
READ = "() => { try { return opened.document.body.innerText; } catch (error) { return error.name; } }"


@dataclass(frozen=True)
class Pair:
    """Two projects of one owner; `page` is the trap's, and whoever looks at it has a grant for both."""

    private: Witness
    trap: Witness
    page: Page

    async def own(self) -> Page:
        """A page of the private project, in the same browser."""
        page = await self.page.context.new_page()
        await page.goto(self.private.preview)
        await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()
        return page

    async def asked(self, part: str) -> list[dict[str, Any]]:
        """What reached the private application at addresses with `part`."""
        return [one for one in await self.private.seen() if part in one["path"]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def witnesses(live_server: LiveServer) -> tuple[Witness, Witness]:
    """For all tests, which tell their requests by their paths."""
    return await make_witness(live_server), await make_witness(live_server)


@pytest_asyncio.fixture(loop_scope="session")
async def pair(live_server: LiveServer, witnesses: tuple[Witness, Witness], context: BrowserContext) -> Pair:
    private, trap = witnesses
    page = await context.new_page()
    person = await sign_in(live_server, page, f"eve-{secrets.token_hex(3)}")
    for witness in (private, trap):
        await witness.call("PUT", f"/members/{person.name}", role="editor")
        # Enters, so that the grant is there to be ridden on.
        await page.goto(witness.preview)
        await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()
    return Pair(private, trap, page)


async def grants(context: BrowserContext) -> set[str]:
    cookies = await context.cookies()
    return {str(one["domain"]) for one in cookies if one["name"] == "__Host-firefly-grant"}


def host(origin: str) -> str:
    return origin.partition("://")[2].partition(":")[0]


async def test_nothing_of_the_other_is_read_called_or_loaded(pair: Pair) -> None:
    own, there = await pair.own(), pair.private.preview
    for method in ("GET", "POST"):
        status, text = await pair.page.evaluate(FETCH, [f"{there}/api?{method}-by-trap", method])
        assert (status, SECRET in text) == (401, False)
        assert await pair.page.evaluate(SILENT, [f"{there}/api?{method}-by-trap", method]) == "opaque"
        status, text = await own.evaluate(FETCH, [f"{there}/api?{method}-by-own", method])
        assert (status, SECRET in text) == (200, True)
        assert len(await pair.asked(f"{method}-by-own")) == 1
    assert await pair.page.evaluate(TALK, there) == "refused"
    assert await own.evaluate(TALK, there) == "echo hello"
    for kind, path in (("img", "/secret.gif?by-trap"), ("script", "/secret.js?by-trap"), ("embed", "/api?by-trap")):
        assert await pair.page.evaluate(LOAD, [kind, there + path]) == "failed" or kind == "embed"
        assert await own.evaluate(LOAD, [kind, (there + path).replace("trap", "own")]) == "loaded"
    assert await pair.page.evaluate("window.stolen") is None
    assert await own.evaluate("window.stolen") == SECRET
    assert await pair.asked("by-trap") == []


async def test_the_answer_to_another_preview_is_the_one_for_a_host_where_nothing_is(
    live_server: LiveServer, pair: Pair
) -> None:
    for path in ("/api", "/.firefly/vouch?host=x&nonce=y", "/.firefly/joined", "/.firefly/join"):
        there = await pair.page.evaluate(FETCH, [f"{pair.private.preview}{path}", "GET"])
        nowhere = await pair.page.evaluate(FETCH, [f"{live_server.content_url('nothing--here')}{path}", "GET"])
        assert there == nowhere


async def test_a_form_changes_nothing(pair: Pair) -> None:
    own = await pair.own()
    async with own.expect_navigation():
        await own.evaluate(FORM, f"{pair.private.preview}/form-by-own")
    assert [one["method"] for one in await pair.asked("form-by-own")] == ["POST"]
    async with pair.page.expect_navigation():
        await pair.page.evaluate(FORM, f"{pair.private.preview}/form-by-trap")
    await expect(pair.page.get_by_role("heading", name="Nothing to show here")).to_be_visible()
    assert await pair.asked("form-by-trap") == []


@pytest.mark.parametrize("path", ["/", "/framed"])
async def test_it_cannot_be_framed_by_another_though_by_itself(pair: Pair, path: str) -> None:
    """Whatever the application says of framing: the editor has to frame it, and a sibling never does."""
    for page, is_shown in ((await pair.own(), True), (pair.page, False)):
        await page.evaluate(LOAD, ["iframe", pair.private.preview + path])
        shown = await page.main_frame.child_frames[-1].evaluate("document.body.innerText")
        assert (SECRET in shown) is is_shown


async def test_a_window_that_was_opened_is_not_read(pair: Pair) -> None:
    own = await pair.own()
    for page, there in ((own, SECRET), (pair.page, "SecurityError")):
        async with page.expect_popup() as popup:
            await page.evaluate(OPEN, pair.private.preview)
        await expect((await popup.value).get_by_role("heading", name=SECRET)).to_be_visible()
        assert await page.evaluate(READ) == there


async def test_cookies_of_a_sibling_stay_there_and_firefly_s_own_cannot_be_forged(pair: Pair) -> None:
    context, page = pair.page.context, pair.page
    before = {str(one["value"]) for one in await context.cookies() if one["name"] == "__Host-firefly-grant"}
    await page.goto(f"{pair.trap.preview}/set")
    await page.goto(f"{pair.trap.preview}/after-set")
    (asked,) = [one for one in await pair.trap.seen() if one["path"] == "/after-set"]
    assert {"wide=1", "own=1"} <= set(asked["cookie"].split("; ")), "the trap's own host keeps them"
    forge = """domain => {
      document.cookie = `__Host-firefly-grant=forged; path=/; secure; domain=${domain}`;
      document.cookie = `__Host-firefly-nonce=forged; path=/; secure; domain=${domain}`;
      document.cookie = `__Host-firefly-grant=forged; path=/; secure`;
      document.cookie = 'plain=1; path=/; secure';
    }"""
    await page.evaluate(forge, "preview.localhost")
    await page.goto(f"{pair.private.preview}/after-toss")
    await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()
    (asked,) = await pair.asked("/after-toss")
    assert "wide=1" not in asked["cookie"]
    assert "firefly" not in asked["cookie"]
    cookies = await context.cookies()
    assert [str(one["domain"]) for one in cookies if one["name"] == "plain"] == [host(pair.trap.preview)]
    kept = [one for one in cookies if one["name"].startswith("__Host-firefly") and one["value"] == "forged"]
    assert {str(one["domain"]) for one in kept} <= {host(pair.trap.preview)}, "on its own host at most"
    assert before <= {str(one["value"]) for one in cookies}


async def test_a_cookie_bomb_locks_nobody_out(pair: Pair) -> None:
    bomb = """() => {
      for (let n = 0; n < 40; n++)
        document.cookie = `bomb${n}=${'x'.repeat(1000)}; domain=preview.localhost; path=/`;
    }"""
    await pair.page.evaluate(bomb)
    page = await pair.page.context.new_page()
    response = await page.goto(pair.private.preview)
    assert response is not None
    assert response.status == 431, "without the remedy every visit would end so"
    assert await grants(page.context) == set(), "which takes all cookies of the content domain"
    await page.goto(pair.private.preview)
    await expect(page.get_by_role("heading", name=SECRET)).to_be_visible()


async def test_a_sibling_clears_what_is_its_own_and_nobody_s_cookies(pair: Pair) -> None:
    before = await grants(pair.page.context)
    assert host(pair.private.preview) in before
    await pair.page.evaluate("localStorage.kept = '1'")
    await pair.page.goto(f"{pair.trap.preview}/clear")
    assert await pair.page.evaluate("localStorage.kept") is None
    assert await grants(pair.page.context) == before


async def test_a_sibling_cannot_have_a_visitor_let_in_elsewhere(pair: Pair) -> None:
    for port in (9300, API_PORT):
        await pair.page.evaluate(LOAD, ["img", f"{pair.private.at(port)}/.firefly/join"])
    assert host(pair.private.at(9300)) not in await grants(pair.page.context)
    own = await pair.own()
    await own.evaluate(LOAD, ["img", f"{pair.private.at(9300)}/.firefly/join"])
    assert host(pair.private.at(9300)) in await grants(pair.page.context)


REGISTER = """async () => {
  try {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
    return 'registered';
  } catch (error) { return error.name; }
}"""
SEEN = "async () => (await (await caches.open('seen')).keys()).map(key => decodeURIComponent(key.url))"


async def test_a_private_preview_keeps_a_service_worker_only_by_leave_and_it_learns_nothing_to_use(pair: Pair) -> None:
    own, private = await pair.own(), pair.private
    assert await own.evaluate(REGISTER) == "TypeError"
    assert await pair.asked("/sw.js") == []
    await private.call("PATCH", "/access", service_workers=True)
    assert await own.evaluate(REGISTER) == "registered"
    await own.context.clear_cookies(domain=host(private.preview))
    await own.context.clear_cookies(domain=host(private.at(API_PORT)))
    await own.goto(f"{private.preview}/again")
    await expect(own.get_by_role("heading", name=SECRET)).to_be_visible()
    assert host(private.at(API_PORT)) in await grants(own.context)
    seen: list[str] = await own.evaluate(SEEN)
    tickets = [url.partition("/seen-")[2] for url in seen if "ticket=" in url]
    assert tickets, "it is told of every navigation on its host"
    joins = [url for url in seen if "/.firefly/join" in url]
    assert joins, "and of every picture on its pages"
    assert not [url for url in seen if "pass=" in url or "/.firefly/vouch" in url], "but not of their redirects"
    async with private.server.client(token="") as thief:
        for nonce in ("", "__Host-firefly-nonce=" + "x" * 43):
            async with thief.get(tickets[0], headers={"Cookie": nonce}, allow_redirects=False) as answer:
                assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)
