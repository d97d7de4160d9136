"""The doctor on the way that visitors take: names, the server from outside, what a proxy in between changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from firefly.cli import reaching
from firefly.cli.checks import Check
from firefly.settings import Settings
from firefly.web import reach

ADDRESS = "127.0.0.1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PAUSE", 0.5)
    monkeypatch.setattr(reaching, "STREAMED", 0.25)


def make_app() -> web.Application:
    """The application as the front door shows it, with the one answer for previews."""

    async def preview(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Firefly realm="preview"'})

    app = web.Application()
    app.router.add_get(reaching.REACH, reach.reach)
    app.router.add_get("/", preview)
    return app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, ADDRESS, 0)
    await site.start()
    assert runner.addresses
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def proxy_to(port: int, change: Callable[[dict[str, str]], None] = lambda fields: None) -> web.Application:
    """One that waits for the whole of an answer, and changes fields."""

    async def forward(request: web.Request) -> web.Response:
        fields = dict(request.headers)
        change(fields)
        url = f"http://{ADDRESS}:{port}{request.path_qs}"
        async with aiohttp.ClientSession() as client, client.get(url, headers=fields) as answer:
            body = await answer.read()
            kept = {"WWW-Authenticate": answer.headers.get("WWW-Authenticate", "")}
            return web.Response(body=body, status=answer.status, content_type=answer.content_type, headers=kept)

    app = web.Application()
    app.router.add_get("/{path:.*}", forward)
    return app


async def examine(folder: Path, port: int) -> dict[str, Check]:
    url = f"http://localhost:{port}"
    settings = Settings(data_dir=folder, url=url, content_domain=f"preview.localhost:{port}")
    return {check.what: check async for check in reaching.reachability(settings)}


async def test_a_server_that_is_reached_as_it_should_be(tmp_path: Path) -> None:
    async with serving(make_app()) as port:
        found = await examine(tmp_path, port)
    assert {what for what, check in found.items() if not check.ok} == set()
    assert set(found) == {
        "name of the app", "names of previews", "server", "clock", "Host", "WebSockets", "streams", "trusted proxies",
        "previews",
    }  # fmt: skip


async def test_what_a_proxy_in_front_keeps_back_is_told_with_what_to_do(tmp_path: Path) -> None:
    def spoil(fields: dict[str, str]) -> None:
        for name in ("Upgrade", "Connection", "Host"):
            fields.pop(name, None)
        # As the front door tells of a peer that speaks for others.
        fields[reach.UNLISTED_HEADER] = "10.0.0.9"

    async with serving(make_app()) as behind, serving(proxy_to(behind, spoil)) as port:
        found = await examine(tmp_path, port)
    wrong = {what: check.remedy for what, check in found.items() if not check.ok}
    assert set(wrong) == {"Host", "WebSockets", "streams", "trusted proxies"}
    assert "10.0.0.9" in wrong["trusted proxies"]
    assert "FIREFLY_TRUSTED_PROXIES" in wrong["trusted proxies"]


async def test_something_else_that_answers_is_told(tmp_path: Path) -> None:
    async with serving(web.Application()) as port:
        found = await examine(tmp_path, port)
    assert not found["server"].ok
    assert "not Firefly's" in found["server"].found
    assert "previews" not in found


async def test_nobody_who_answers_is_told(tmp_path: Path, unused_tcp_port: int) -> None:
    found = await examine(tmp_path, unused_tcp_port)
    assert not found["server"].ok
    assert "firefly serve" in found["server"].remedy


async def test_previews_that_lead_elsewhere_are_told(tmp_path: Path) -> None:
    app = web.Application()
    app.router.add_get(reaching.REACH, reach.reach)
    async with serving(app) as port:
        found = await examine(tmp_path, port)
    assert found["server"].ok
    assert "status 404" in found["previews"].found


async def test_names_that_lead_here_elsewhere_and_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"here.example": "127.0.0.1", "there.example": "192.0.2.1"}

    async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in answers:
            raise OSError(-2, "Name or service not known")
        return [(2, 1, 6, "", (answers[host], 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    assert (await reaching.name("name of the app", "here.example")).found == "127.0.0.1: this machine"
    assert "another machine" in (await reaching.name("name of the app", "there.example")).found
    lost = await reaching.name("names of previews", "a1b2.preview.example")
    assert (lost.ok, lost.remedy) == (False, "Add a DNS record for *.preview.example.")


@pytest.mark.parametrize(
    ("date", "ok"),
    [("Fri, 20 Nov 2026 00:00:03 GMT", True), ("Fri, 20 Nov 2026 00:01:00 GMT", False), (None, True)],
)
def test_clocks_are_compared(date: str | None, ok: bool) -> None:
    assert reaching._clock(date, 1795132800.0).ok is ok


def test_what_is_not_sent_is_not_told() -> None:
    settings = Settings(url="http://localhost:1", content_domain="preview.localhost:1")
    checks = {check.what: check for check in reaching.passed(json.loads("{}"), settings, streamed=True)}
    assert not checks["Host"].ok
    assert not checks["WebSockets"].ok
    assert checks["trusted proxies"].ok
