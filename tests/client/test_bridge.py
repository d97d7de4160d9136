"""The client of a bridge: paths as they are given, conditions, errors as they are told, a bridge that is away."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from firefly.client.bridge import BridgeClient
from firefly.errors import FireflyError, NotFound, TimedOut, Unavailable, VersionConflict
from firefly.protocol.application import Line
from firefly.protocol.errors import error_object
from firefly.protocol.files import Listing
from firefly.protocol.workspace import Member, Role
from firefly.settings import Settings

ADA = Member(id="1", name="ada", role=Role.EDITOR)


class Bridge:
    """Answers each request with the next of `answers`; its WebSocket tells what was sent, and obeys a few words."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.answers: list[web.Response] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/bridge", self._connect)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.raw_path, request.headers, body))
        return self.answers.pop(0)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(("GET", request.raw_path, request.headers, b""))
        socket = web.WebSocketResponse(protocols=("firefly.bridge.v1",))
        await socket.prepare(request)
        async for message in socket:
            call = json.loads(message.data)
            if call["method"] == "hang":
                continue
            if call["method"] == "end":
                break
            error = error_object(NotFound("Not there."))
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
            refused = call["method"] == "refuse"
            await socket.send_str(json.dumps(answer | ({"error": error} if refused else {"result": call["params"]})))
        await socket.close()
        return socket

    def answer(self, body: object, status: int = 200, **headers: str) -> None:
        self.answers.append(web.json_response(body, status=status, headers=headers))


@pytest.fixture
async def bridge(settings: Settings) -> AsyncIterator[Bridge]:
    made = Bridge()
    runner = web.AppRunner(made.application())
    await runner.setup()
    await web.UnixSite(runner, settings.run_dir / "bridge.sock").start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def client(settings: Settings, bridge: Bridge) -> AsyncIterator[BridgeClient]:
    async with BridgeClient.on_socket(settings.run_dir / "bridge.sock", request_id="request-1") as made:
        yield made


async def test_paths_arrive_as_they_are_and_stay_in_their_place(bridge: Bridge, client: BridgeClient) -> None:
    for path in ("../up", "a b/ü?#.txt"):
        bridge.answers.append(web.Response(body=b"x", headers={"ETag": '"v1"'}))
        assert (await client.read_file(path)).version == "v1"
    assert [request[1] for request in bridge.requests] == ["/files/../up", "/files/a%20b/%C3%BC%3F%23.txt"]
    assert bridge.requests[0][2]["X-Request-Id"] == "request-1"


@pytest.mark.parametrize(
    ("version", "field"),
    [("*", {}), (None, {"If-None-Match": "*"}), ("v1", {"If-Match": '"v1"'})],
)
async def test_a_write_says_over_what(
    bridge: Bridge, client: BridgeClient, version: str | None, field: dict[str, str]
) -> None:
    bridge.answer({"version": "v2", "size": 4})
    written = await client.write_file("a.txt", b"data", version=version)
    _, _, headers, body = bridge.requests[0]
    assert (written.version, written.size, body) == ("v2", 4, b"data")
    assert {name: headers[name] for name in ("If-Match", "If-None-Match") if name in headers} == field


async def test_what_the_bridge_refuses_is_the_same_error_here(bridge: Bridge, client: BridgeClient) -> None:
    bridge.answer({"type": "urn:firefly:version-conflict", "detail": "Changed.", "version": "v9"}, 412)
    with pytest.raises(VersionConflict, match=r"Changed\.") as caught:
        await client.write_file("a.txt", b"x", version="v1")
    assert caught.value.extra["version"] == "v9"
    bridge.answer({"type": "urn:firefly:not-found", "detail": "No such file."}, 404)
    with pytest.raises(NotFound):
        await client.delete_file("a.txt")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
async def test_nonsense_is_an_error_too(bridge: Bridge, client: BridgeClient, body: bytes) -> None:
    bridge.answers.append(web.Response(body=body, status=500))
    with pytest.raises(FireflyError):
        await client.health()


async def test_a_bridge_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    async with BridgeClient.on_socket(tmp_path / "nobody.sock") as client:
        with pytest.raises(Unavailable, match="does not answer"):
            await client.health()
        with pytest.raises(Unavailable, match="refused the connection"):
            async with client.connect():
                pass


async def test_output_streams_and_resumes(bridge: Bridge, client: BridgeClient) -> None:
    line = Line.model_validate(
        {"seq": 8, "time": datetime(2026, 11, 20, tzinfo=UTC), "stream": "stdout", "text": "hello"}
    )
    text = f"event: output\ndata: {line.model_dump_json()}\n\nevent: later-version\ndata: {{}}\n\n"
    bridge.answers.append(web.Response(text=text, content_type="text/event-stream"))
    assert [item async for item in client.logs(after=7)] == [line]
    assert bridge.requests[0][2]["Last-Event-ID"] == "7"


async def test_calls_and_errors_go_over_one_connection(bridge: Bridge, client: BridgeClient) -> None:
    async with client.connect(member=ADA) as connection:
        listing = {"path": "", "entries": [], "truncated": False}
        assert await connection.call(Listing, "echo", listing) == Listing.model_validate(listing)
        with pytest.raises(NotFound, match=r"Not there\."):
            await connection.call(Listing, "refuse", {})
        with pytest.raises(TimedOut, match="did not answer hang"):
            await connection.call(Listing, "hang", {}, timeout=0.05)
        assert await connection.call(Listing, "echo", listing) == Listing.model_validate(listing)
    assert json.loads(bridge.requests[0][2]["X-Firefly-Member"])["name"] == "ada"


async def test_a_connection_that_ends_answers_whoever_waits(bridge: Bridge, client: BridgeClient) -> None:
    async with client.connect(member=ADA) as connection:
        with pytest.raises(Unavailable):
            await connection.call(Listing, "end", {})
        assert [item async for item in connection.incoming()] == []
