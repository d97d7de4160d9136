"""The static server: the rules that sites rely on, and live reload."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from firefly.bridge.site.script import SCRIPT, inject
from firefly.bridge.site.server import Content, Site
from firefly.bridge.storage import Storage
from firefly.pages import content_type
from tests.bridge.conftest import CONFIGURATION, Running
from tests.support.ports import free_port
from tests.support.waiting import eventually

FILES = {
    "index.html": b"<!doctype html><body><h1>home</h1></body>",
    "docs/index.html": b"<p>docs",
    "about.html": b"<p>about",
    "data.bin": bytes(range(256)) * 10,
    "style.css": "body { content: 'ü' }".encode(),
    "latin.txt": "grün".encode("latin-1"),
    "script.mjs": b"export default 1",
    ".env": b"SECRET=1",
    ".git/config": b"[core]",
    ".well-known/security.txt": b"Contact: x",
    "with space/a b.html": b"<p>spaces",
}


@pytest.fixture
async def site(house: Running) -> AsyncIterator[aiohttp.ClientSession]:
    for path, content in FILES.items():
        (house.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (house.tree / path).write_bytes(content)
    await house.client.configure(CONFIGURATION)
    async with aiohttp.ClientSession(house.url) as session:
        await eventually(lambda: _answers(session))
        yield session


async def _answers(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/") as response:
            return response.status == 200
    except aiohttp.ClientConnectorError:
        return False


async def fetch(site: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.get(path, headers=renamed, allow_redirects=False) as response:
        return response.status, await response.read(), response.headers


async def test_pages_get_the_live_script_and_nothing_else_does(site: aiohttp.ClientSession) -> None:
    status, body, headers = await fetch(site, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == FILES["index.html"].replace(b"</body>", SCRIPT + b"</body>")
    assert (await fetch(site, "/style.css"))[1] == FILES["style.css"]
    assert (await fetch(site, "/__firefly/live.js"))[0] == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/style.css", "text/css; charset=utf-8"),
        ("/script.mjs", "text/javascript; charset=utf-8"),
        ("/latin.txt", "text/plain"),
        ("/data.bin", "application/octet-stream"),
    ],
)
async def test_types_and_character_sets(site: aiohttp.ClientSession, path: str, kind: str) -> None:
    assert (await fetch(site, path))[2]["Content-Type"] == kind


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/nothing",
        "/docs/nothing",
        "/%2e%2e/home",
        "/..%2fhome",
        "/a%00b",
        "//x",
        "/docs/%2e%2e/.env",
    ],
)
async def test_what_is_hidden_missing_or_outside_is_not_found(site: aiohttp.ClientSession, path: str) -> None:
    from yarl import URL

    async with site.get(URL(str(site._base_url).rstrip("/") + path, encoded=True)) as response:
        assert response.status == 404
        assert b"SECRET" not in await response.read()


async def test_links_out_are_not_served(site: aiohttp.ClientSession, house: Running) -> None:
    (house.tree / "passwd.txt").symlink_to("/etc/passwd")
    assert (await fetch(site, "/passwd.txt"))[0] == 404


async def test_folders_redirect_to_their_slash_and_have_an_index(site: aiohttp.ClientSession) -> None:
    status, _, headers = await fetch(site, "/docs?a=1")
    assert (status, headers["Location"]) == (301, "./docs/?a=1")
    assert (await fetch(site, "/docs/"))[1].startswith(b"<p>docs")
    assert (await fetch(site, "/about"))[1].startswith(b"<p>about")
    assert (await fetch(site, "/with%20space/a%20b"))[1].startswith(b"<p>spaces")
    assert (await fetch(site, "/.well-known/security.txt"))[0] == 200


async def test_entity_tags(site: aiohttp.ClientSession, house: Running) -> None:
    for path in ("/", "/data.bin"):
        status, _, headers = await fetch(site, path)
        assert status == 200
        assert (await fetch(site, path, If_None_Match=headers["ETag"]))[:2] == (304, b"")
        assert (await fetch(site, path, If_None_Match='"other", W/' + headers["ETag"]))[0] == 304
        (house.tree / (path.strip("/") or "index.html")).write_bytes(b"<p>changed")
        assert (await fetch(site, path, If_None_Match=headers["ETag"]))[0] == 200


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=2550-", 206, 2550, 2560),
        ("bytes=-5", 206, 2555, 2560),
        ("bytes=100-99999", 206, 100, 2560),
        ("bytes=9-5", 416, 0, 0),
        ("bytes=2560-", 416, 0, 0),
        ("lines=1-2", 200, 0, 2560),
        ("bytes=0-1,5-6", 200, 0, 2560),
    ],
)
async def test_ranges(site: aiohttp.ClientSession, asked: str, status: int, start: int, end: int) -> None:
    code, body, headers = await fetch(site, "/data.bin", Range=asked)
    assert (code, body) == (status, FILES["data.bin"][start:end])
    if status == 206:
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/2560"


async def test_a_range_of_an_older_version_is_the_whole_new_one(site: aiohttp.ClientSession) -> None:
    assert (await fetch(site, "/data.bin", Range="bytes=0-9", If_Range='"old"'))[0] == 200


async def test_own_pages_for_what_is_missing(site: aiohttp.ClientSession, house: Running) -> None:
    assert b"/nothing" in (await fetch(site, "/nothing"))[1]
    (house.tree / "404.html").write_bytes(b"<p>lost?")
    status, body, _ = await fetch(site, "/nothing")
    assert (status, body.startswith(b"<p>lost?")) == (404, True)
    (house.tree / "200.html").write_bytes(b"<p>single page")
    status, body, _ = await fetch(site, "/deep/route", Accept="text/html")
    assert (status, body.startswith(b"<p>single page")) == (200, True)
    assert (await fetch(site, "/missing.js", Accept="*/*"))[0] == 404


async def test_only_reading(site: aiohttp.ClientSession) -> None:
    async with site.post("/") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    async with site.head("/data.bin") as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "2560")


async def test_saving_tells_the_open_page(site: aiohttp.ClientSession, house: Running) -> None:
    async with site.ws_connect("/__firefly/live") as socket:
        await eventually(lambda: house.bridge.application.board.status.state == "running")
        (house.tree / "about.html").write_text("new")
        assert json.loads(await socket.receive_str(timeout=30)) == {"kind": "reload"}
        (house.tree / "style.css").write_text("new")
        assert json.loads(await socket.receive_str(timeout=30)) == {"kind": "styles", "paths": ["style.css"]}


async def test_the_manifest_turns_injection_off(site: aiohttp.ClientSession, house: Running) -> None:
    (house.tree / "firefly.yml").write_text("preview: {inject: false}\n")
    assert await eventually(lambda: _is_plain(site))


async def _is_plain(site: aiohttp.ClientSession) -> bool:
    return (await fetch(site, "/"))[1] == FILES["index.html"]


def test_the_script_goes_before_the_last_end_of_the_body() -> None:
    assert inject(b"<pre>&lt;</body ></pre></BODY></html>") == b"<pre>&lt;</body ></pre>" + SCRIPT + b"</BODY></html>"
    assert inject(b"<p>x") == b"<p>x" + SCRIPT


@pytest.mark.parametrize(
    ("path", "start", "kind"),
    [
        ("a.html", b"\xff\xfeh\0", "text/html; charset=utf-16le"),
        ("a.svg", b"<svg/>", "image/svg+xml; charset=utf-8"),
        ("a.html", "ü".encode()[:1], "text/html; charset=utf-8"),
        ("Makefile", b"all:", "text/plain; charset=utf-8"),
        ("noext", b"a\0b", "application/octet-stream"),
        ("a.WOFF2", b"\0", "font/woff2"),
    ],
)
def test_content_types(path: str, start: bytes, kind: str) -> None:
    assert content_type(path, start) == kind


@pytest.mark.parametrize("steps", range(8))
async def test_who_changes_his_mind_half_way_leaves_no_port_taken(storage: Storage, steps: int) -> None:
    port = free_port()
    made = Site(storage, host="127.0.0.1")
    for action in (made.show(Content(page=lambda: b"page"), port=port), made.hide()):
        task = asyncio.create_task(action)
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await made.hide()
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port
