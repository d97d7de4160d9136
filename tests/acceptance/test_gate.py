"""The gate on a whole server: who passes at each kind of host, by HTTP and WebSocket, and what strangers can tell."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.previews import wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually
from tests.support.witness import API_PORT, MANIFEST, PROGRAM, SECRET, Witness, make_witness

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("gate")]

VISIT = {
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "cross-site",
    "Accept": "text/html",
}
CALL = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Hosts:
    """A project with a host of each kind that it can have by itself; values are origins."""

    witness: Witness
    origins: dict[str, str]
    link: str
    cookies: dict[str, str]

    def host(self, kind: str) -> str:
        return urlsplit(self.origins[kind]).netloc


async def enter(server: LiveServer, origin: str, path: str) -> str:
    """The Cookie field of whoever opened the link at a host."""
    async with (
        server.client(token="") as browser,
        browser.get(origin + path, headers=VISIT, allow_redirects=False) as response,
    ):
        assert response.status in {200, 303}, await response.text()
        name, morsel = next(iter(SimpleCookie(response.headers["Set-Cookie"].partition(";")[0]).items()))
    return f"{name}={morsel.value}"


async def open_own(server: LiveServer, witness: Witness) -> str:
    """The origin of the owner's own workspace, with the witness in it as well."""
    made = await witness.call("POST", "/workspaces")

    async def ready() -> bool:
        return bool((await witness.call("GET", f"/workspaces/{made['member']}"))["ready"])

    await eventually(ready, within=60)
    query = f"?workspace={made['member']}"
    await witness.put(f"app.py{query}", await asyncio.to_thread(PROGRAM.read_text))
    await witness.put(f"firefly.yml{query}", MANIFEST)
    async with server.client() as client:
        await wait_for_text(client, f"{made['urls']['preview']}/ready", server.token, SECRET)
    return str(made["urls"]["preview"])


async def make_hosts(server: LiveServer) -> Hosts:
    witness = await make_witness(server)
    label = f"alias-{secrets.token_hex(3)}"
    await witness.call("POST", "/domains", host=label)
    alias = server.content_url(label)
    own = await open_own(server, witness)
    origins = {
        "main port": witness.preview,
        "other port": witness.at(API_PORT),
        "alias": alias,
        "port of an alias": alias.replace("://", f"://{API_PORT}--", 1),
        "own workspace": own,
        "port of an own workspace": own.replace("://", f"://{API_PORT}--", 1),
    }
    link = urlsplit((await witness.call("POST", "/access/links"))["url"]).path
    cookies = {kind: await enter(server, origin, link) for kind, origin in origins.items()}
    return Hosts(witness, origins, link, cookies)


@pytest.fixture(scope="module")
def hosts(live_server: LiveServer) -> Hosts:
    return asyncio.run(make_hosts(live_server))


@pytest.fixture(scope="module")
def neighbours(live_server: LiveServer) -> Hosts:
    """Another project, the same in everything."""
    return asyncio.run(make_hosts(live_server))


@pytest.fixture
async def browser(live_server: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with live_server.client(token="") as session:
        yield session


async def passes(browser: aiohttp.ClientSession, origin: str, fields: dict[str, str]) -> tuple[int, int, str]:
    """The status of a page, that of a call, and what a WebSocket says."""
    statuses = []
    for more in (VISIT, CALL):
        async with browser.get(f"{origin}/page", headers={**fields, **more}, allow_redirects=False) as response:
            statuses.append(response.status)
            assert (SECRET in await response.text()) is (response.status == 200)
    try:
        async with browser.ws_connect(f"{origin}/socket", headers={"Origin": origin, **fields}) as socket:
            await socket.send_str("hello")
            said = await socket.receive_str(timeout=30)
    except aiohttp.WSServerHandshakeError as error:
        said = str(error.status)
    return statuses[0], statuses[1], said


IN, OUT = (200, 200, "echo hello"), (302, 401, "401")


@pytest.mark.parametrize(
    "kind", ["main port", "other port", "alias", "port of an alias", "own workspace", "port of an own workspace"]
)
async def test_who_passes_at_each_kind_of_host(
    live_server: LiveServer, hosts: Hosts, neighbours: Hosts, browser: aiohttp.ClientSession, kind: str
) -> None:
    origin, witness = hosts.origins[kind], hosts.witness
    token = {"X-Firefly-Preview-Token": live_server.token}
    assert await passes(browser, origin, {"Cookie": hosts.cookies[kind]}) == IN, "a guest"
    assert await passes(browser, origin, token) == IN, "a member's program"
    assert await passes(browser, origin, {"Cookie": neighbours.cookies[kind]}) == OUT, "a guest of another project"
    assert await passes(browser, origin, {}) == OUT, "nobody"
    assert await passes(browser, origin, {"X-Firefly-Preview-Token": "ffp_" + "0" * 40}) == (401, 401, "401")
    foreign = {"Origin": neighbours.origins[kind], "Cookie": hosts.cookies[kind]}
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await browser.ws_connect(f"{origin}/socket", headers=foreign)
    ended = await enter(live_server, origin, hosts.link)
    grants = (await witness.call("GET", "/access"))["grants"]
    newest = max(grants, key=lambda grant: str(grant["since"]))
    await witness.call("DELETE", f"/access/grants/{newest['id']}")
    assert await passes(browser, origin, {"Cookie": ended}) == OUT, "a guest whose grant was ended"
    assert await passes(browser, origin, {"Cookie": hosts.cookies[kind]}) == IN, "and no other's"
    await witness.call("PATCH", "/access", public=True)
    assert await passes(browser, origin, {}) == IN, "everybody"
    await witness.call("PATCH", "/access", public=False)
    assert await passes(browser, origin, {}) == OUT, "and no longer"


async def test_a_renamed_host_leads_those_on_who_may_see_where(
    live_server: LiveServer, browser: aiohttp.ClientSession
) -> None:
    witness = await make_witness(live_server)
    link = urlsplit((await witness.call("POST", "/access/links"))["url"]).path
    name = f"renamed-{secrets.token_hex(3)}"
    await witness.call("PATCH", "", name=name)
    for origin in (witness.preview, witness.at(API_PORT)):
        cookie = await enter(live_server, origin, link)
        for fields, status in (({"Cookie": cookie}, 308), ({}, 401)):
            async with browser.get(f"{origin}/x", headers={**CALL, **fields}, allow_redirects=False) as response:
                assert (response.status, name in response.headers.get("Location", "")) == (status, status == 308)


def spellings(host: str) -> list[str]:
    name, _, port = host.partition(":")
    return [host.upper(), name, f"{name}:1", f"{name}.:{port}", f"x.{host}", f"{host}@evil.example", f"0{host}"]


async def raw(server: LiveServer, request: str) -> bytes:
    """All that comes back on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request.encode())
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    return answer


async def test_no_spelling_of_a_host_and_no_target_comes_in_by_the_back(live_server: LiveServer, hosts: Hosts) -> None:
    private, app = hosts.host("main port"), f"localhost:{live_server.port}"
    cookie = f"Cookie: {hosts.cookies['main port']}\r\n"
    end = "Connection: close\r\n\r\n"
    good = await raw(live_server, f"GET /page HTTP/1.1\r\nHost: {private}\r\n{cookie}{end}")
    assert SECRET.encode() in good
    tries = [f"GET /page HTTP/1.1\r\nHost: {host}\r\n{end}" for host in spellings(private)]
    tries += [
        f"GET http://{private}/page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"GET http://{private}/page HTTP/1.1\r\nHost: {app}\r\n{end}",
        f"GET http://{app}/page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"GET /page HTTP/1.1\r\nHost: {app}\r\nX-Forwarded-Host: {private}\r\n{end}",
        f"GET /page HTTP/1.1\r\nHost: {app}\r\nHost: {private}\r\n{end}",
        f"GET //{private}/page HTTP/1.1\r\nHost: {app}\r\n{end}",
        f"GET /page HTTP/1.1\r\nHost: {private}\r\nX-Firefly-Host-Kind: app\r\n{end}",
        f"GET /.firefly/../page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"GET /.firefly/%2e%2e/page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"GET /.firefly//page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"HEAD /page HTTP/1.1\r\nHost: {private}\r\n{end}",
        f"OPTIONS * HTTP/1.1\r\nHost: {private}\r\n{end}",
    ]
    for request in tries:
        answer = await raw(live_server, request)
        assert SECRET.encode() not in answer, request
        assert not answer.startswith(b"HTTP/1.1 200"), request


async def test_a_request_behind_one_that_passes_is_judged_by_itself(live_server: LiveServer, hosts: Hosts) -> None:
    host, cookie = hosts.host("main port"), hosts.cookies["main port"]
    good = f"GET /page HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
    bad = f"GET /behind HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    upload = f"POST /page HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nContent-Length: "
    for first in (good, good * 20, f"{upload}{len(bad)}\r\n\r\n{bad}", f"{upload}0\r\n\r\n"):
        answer = await raw(live_server, first + bad)
        assert answer.count(b"HTTP/1.1 401") == 1
        assert answer.count(SECRET.encode()) == first.count(f"Cookie: {cookie}")
    assert [one for one in await hosts.witness.seen() if one["path"] == "/behind"] == []


REQUESTS = {
    "page": "GET /page HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n",
    "call": "GET /page HTTP/1.1\r\nHost: {host}\r\nOrigin: http://a.example\r\nSec-Fetch-Mode: cors\r\n",
    "picture": "GET /page HTTP/1.1\r\nHost: {host}\r\nAccept: image/*\r\nSec-Fetch-Site: same-site\r\n",
    "form": "POST /page HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nAccept: text/html\r\n",
    "preflight": "OPTIONS / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://a\r\nAccess-Control-Request-Method: PUT\r\n",
    "worker": "GET /sw.js HTTP/1.1\r\nHost: {host}\r\nService-Worker: script\r\nSec-Fetch-Site: same-origin\r\n",
    "token": "GET /page HTTP/1.1\r\nHost: {host}\r\nX-Firefly-Preview-Token: ffp_000\r\n",
    "cookie": "GET /page HTTP/1.1\r\nHost: {host}\r\nCookie: __Host-firefly-grant={cookie}\r\n",
    "doors": "GET /.firefly/access HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n",
    "link": "GET /.firefly/link/none HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n",
    "join": "GET /.firefly/vouch?host={host}&nonce=0 HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Dest: image\r\n",
}
SOCKET = (
    "GET /socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://{host}\r\n\r\n"
)


def plain(answer: bytes, host: str) -> list[str]:
    """Line by line, without what is new in every answer or names the host that was asked for."""
    lines = answer.decode().replace(host, "HOST").split("\r\n")
    changing = ("x-request-id:", "date:", "set-cookie: __host-firefly-nonce=", "location: ")
    kept = [line if not line.lower().startswith(changing) else line[:30] for line in lines]
    # Host names have different lengths.
    return [line for line in kept if not line.lower().startswith("content-length:")]


async def test_whatever_there_is_strangers_get_the_same_bytes_and_nothing_is_woken(
    live_server: LiveServer, hosts: Hosts
) -> None:
    async with live_server.client() as client:
        made = {
            kind: await create_project(client, f"{kind}-{secrets.token_hex(3)}", "static")
            for kind in ("asleep", "crashed", "gone")
        }
        paths = {kind: f"/api/v1/projects/{one['owner']}/{one['name']}" for kind, one in made.items()}
        body = b"dev: [python3 -c 'raise SystemExit(7)']\ninstall: []\n"
        async with client.put(f"{paths['crashed']}/files/firefly.yml", data=body) as answer:
            assert answer.status < 300
        fields = {"X-Firefly-Preview-Token": live_server.token, "Authorization": ""}

        async def has_crashed() -> bool:
            async with client.get(made["crashed"]["urls"]["preview"], headers=fields) as answer:
                return answer.status == 502

        await eventually(has_crashed, within=60)
        async with client.post(f"{paths['asleep']}/sandbox/stop") as answer:
            assert answer.status == 200
        async with client.delete(paths["gone"]) as answer:
            assert answer.status < 300
        names = {kind: urlsplit(one["urls"]["preview"]).netloc for kind, one in made.items()}
        names |= {"awake": hosts.host("main port"), "port": hosts.host("other port"), "alias": hosts.host("alias")}
        names["unknown"] = urlsplit(live_server.content_url("nothing--here")).netloc
        for name, text in {**REQUESTS, "socket": SOCKET}.items():
            found = {}
            for kind, host in names.items():
                end = "" if name == "socket" else "Connection: close\r\n\r\n"
                request = text.format(host=host, cookie="x" * 190) + end + ("a=1" if name == "form" else "")
                if name == "socket":
                    request = request.replace("Connection: Upgrade", "Connection: Upgrade, close")
                found[kind] = plain(await raw(live_server, request), host)
            for kind, lines in found.items():
                assert lines == found["unknown"], (name, kind)
        async with client.get(f"{paths['asleep']}/sandbox") as status:
            sandbox: dict[str, Any] = await status.json()
    assert sandbox["state"] == "stopped"
    assert not [one for one in await hosts.witness.seen() if one["path"] == "/sw.js"]
