"""The server's calls to a bridge, and what becomes of one that is away, refuses, hangs up or talks nonsense."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from firefly.adapters.bridges import SERVER, BridgeCalls
from firefly.errors import Conflict, FireflyError, SandboxFailed, TimedOut, Unavailable
from firefly.projects.seams import PullResult, WorkspaceFacts
from firefly.protocol import MEMBER_HEADER, SUBPROTOCOL
from firefly.protocol.application import Line, State, Stream
from firefly.settings import Settings

WORKSPACE = uuid4()
NOW = datetime(2026, 11, 20, tzinfo=UTC)
RUNNING = {"state": "running", "kind": "server", "command": "x", "port": 3000, "reason": "", "since": NOW.isoformat()}
LINE = Line(seq=1, time=NOW, stream=Stream.OUT, text="Listening")
Call = Callable[[BridgeCalls], Awaitable[object]]


@dataclass
class Keeper:
    folder: Path
    fails: Exception | None = None
    started: list[UUID] = field(default_factory=list)
    is_asleep: bool = False

    def running(self, workspace_id: UUID) -> object | None:
        return None if self.is_asleep else object()

    async def ensure(self, workspace_id: UUID) -> None:
        if self.fails:
            raise self.fails
        self.started.append(workspace_id)

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.folder / "bridge.sock"


@dataclass
class Bridge:
    """Answers every request as told, by its path; a frame on its WebSocket gets `frame` as the answer."""

    answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    members: list[object] = field(default_factory=list)
    frame: Callable[[int], str | bytes] = lambda number: json.dumps({"jsonrpc": "2.0", "id": number, "result": {}})

    def says(self, path: str, body: object, status: int = 200) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.json_response(body, status=status)

        self.answers[path] = answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/bridge":
            return await self._talk(request)
        self.asked.append((request.path_qs, await request.read()))
        return await self.answers[request.path](request)

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        self.members.append(json.loads(request.headers[MEMBER_HEADER])["name"])
        socket = web.WebSocketResponse(protocols=(SUBPROTOCOL,))
        await socket.prepare(request)
        async for message in socket:
            said = self.frame(json.loads(message.data)["id"])
            await (socket.send_str(said) if isinstance(said, str) else socket.send_bytes(said))
        return socket


@pytest.fixture
def keeper(settings: Settings) -> Keeper:
    return Keeper(settings.run_dir)


async def secrets_of(project_id: UUID) -> dict[str, str]:
    return {"API_KEY": "k-1"}


@pytest.fixture
def calls(keeper: Keeper, settings: Settings) -> BridgeCalls:
    return BridgeCalls(keeper=cast(Any, keeper), settings=settings, secrets_of=secrets_of)


@pytest.fixture
async def bridge(keeper: Keeper) -> AsyncIterator[Bridge]:
    made = Bridge()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, keeper.bridge_path(WORKSPACE)).start()
    yield made
    await runner.cleanup()


async def archive() -> AsyncIterator[bytes]:
    yield b"first "
    yield b"second"


CALLS: list[Call] = [
    lambda calls: calls.initialize_template(WORKSPACE, "static"),
    lambda calls: calls.initialize_clone(WORKSPACE),
    lambda calls: calls.initialize_archive(WORKSPACE, filename="a.zip", size=12, body=archive()),
    lambda calls: calls.pull(WORKSPACE, "refs/heads/main"),
    lambda calls: calls.application(WORKSPACE),
    lambda calls: calls.recent_output(WORKSPACE),
    lambda calls: calls.ports(WORKSPACE),
]
PATHS = ["/initialize", "/initialize", "/initialize", "/git/pull", "/application", "/bridge", "/ports"]
each_call = pytest.mark.parametrize(
    "call", CALLS, ids=["template", "clone", "archive", "pull", "application", "output", "ports"]
)


async def test_a_workspace_is_filled_in_three_ways(bridge: Bridge, calls: BridgeCalls, keeper: Keeper) -> None:
    bridge.says("/initialize", {"files": 3, "commit": None})
    await calls.initialize_template(WORKSPACE, "static")
    await calls.initialize_clone(WORKSPACE)
    await calls.initialize_archive(WORKSPACE, filename="a.zip", size=12, body=archive())
    template, clone, unpacked = bridge.asked
    assert json.loads(template[1])["template"] == "static"
    assert json.loads(clone[1])["clone"] is True
    assert unpacked == ("/initialize?archive=1", b"first second")
    assert keeper.started == [WORKSPACE] * 3


async def test_what_is_listened_on_is_asked_of_whoever_is_awake(
    bridge: Bridge, calls: BridgeCalls, keeper: Keeper
) -> None:
    bridge.says("/ports", {"ports": [5173, 8080]})
    assert await calls.ports(WORKSPACE) == [5173, 8080]
    for nonsense in ([0], [65536], ["x"], list(range(1, 52)), None):
        bridge.says("/ports", {"ports": nonsense})
        with pytest.raises(Unavailable):
            await calls.ports(WORKSPACE)
    keeper.is_asleep, asked, keeper.started = True, len(bridge.asked), []
    assert await calls.ports(WORKSPACE) == ()
    assert (keeper.started, len(bridge.asked)) == ([], asked)


async def test_it_learns_whose_it_is(bridge: Bridge, calls: BridgeCalls, settings: Settings) -> None:
    bridge.says("/configure", {})
    await calls.configure(WorkspaceFacts(WORKSPACE, uuid4(), "ada", "site", False))
    told = json.loads(bridge.asked[0][1])
    assert told["project"] == {"owner": "ada", "name": "site"}
    assert told["base_url"] == settings.content_url("site--ada")
    assert told["preview_hosts"] == ["site--ada.preview.localhost"]
    assert told["secrets"] == {"API_KEY": "k-1"}


@pytest.mark.parametrize(
    "result", [PullResult(True, ""), PullResult(False, "There are changes that are not committed.")]
)
async def test_a_pull_says_how_it_went(bridge: Bridge, calls: BridgeCalls, result: PullResult) -> None:
    bridge.says("/git/pull", {"updated": result.updated, "reason": result.reason})
    assert await calls.pull(WORKSPACE, "refs/heads/main") == result


async def test_the_application_and_its_last_lines_are_asked_for(bridge: Bridge, calls: BridgeCalls) -> None:
    bridge.says("/application", RUNNING)
    output = {"lines": [LINE.model_dump(mode="json")], "missed": False}
    bridge.frame = lambda number: json.dumps({"jsonrpc": "2.0", "id": number, "result": output})
    assert (await calls.application(WORKSPACE)).state is State.RUNNING
    assert await calls.recent_output(WORKSPACE) == [LINE]
    assert bridge.members == [SERVER.name]


async def test_what_is_made_ready_is_asked_for_some_paths_once(bridge: Bridge, calls: BridgeCalls) -> None:
    bridge.says("/application/prepare", RUNNING | {"state": "stopped", "reason": "Everything is installed."})
    bridge.says("/application/start", RUNNING)
    bridge.says("/application", RUNNING)
    bridge.says("/exec", {"exit_code": 0, "stdout": "", "stderr": "", "timed_out": False, "truncated": False})
    bridge.says("/application/stop", RUNNING)
    output = {"lines": [LINE.model_dump(mode="json")], "missed": False}
    bridge.frame = lambda number: json.dumps({"jsonrpc": "2.0", "id": number, "result": output})
    assert (await calls.prepare(WORKSPACE, warm=("/", "/src/main.jsx"))).done
    paths = [path.partition("?")[0] for path, _ in bridge.asked]
    assert paths == [f"/{path}" for path in ("application/prepare", "application/start", "application", "exec")] + [
        "/application/stop"
    ]
    asked = json.loads(bridge.asked[3][1])["command"]
    assert asked[-2:] == ["http://127.0.0.1:3000/", "http://127.0.0.1:3000/src/main.jsx"]
    # One that does not start then is installed all the same.
    bridge.says("/application/start", {}, status=500)
    assert (await calls.prepare(WORKSPACE, warm=("/",))).done


@each_call
async def test_a_sandbox_that_does_not_start_is_told_as_such(calls: BridgeCalls, keeper: Keeper, call: Call) -> None:
    keeper.fails = SandboxFailed("It ended with code 1.", output="boom")
    with pytest.raises(SandboxFailed, match="ended with code 1"):
        await call(calls)


@each_call
async def test_a_bridge_that_is_gone_is_away(calls: BridgeCalls, call: Call) -> None:
    with pytest.raises(Unavailable):
        await call(calls)


@pytest.mark.parametrize(("call", "path"), list(zip(CALLS, PATHS, strict=True))[:5])
async def test_what_it_answers_with_is_raised(bridge: Bridge, calls: BridgeCalls, call: Call, path: str) -> None:
    bridge.says(path, {"type": "urn:firefly:conflict", "status": 409, "detail": "It is filled already."}, 409)
    with pytest.raises(Conflict, match="filled already"):
        await call(calls)


@pytest.mark.parametrize("answer", ["nonsense", [], {"state": 7, "updated": "perhaps"}])
@pytest.mark.parametrize(("call", "path"), [(CALLS[3], "/git/pull"), (CALLS[4], "/application")])
async def test_nonsense_is_no_answer(bridge: Bridge, calls: BridgeCalls, call: Call, path: str, answer: object) -> None:
    bridge.says(path, answer)
    with pytest.raises(Unavailable, match="cannot be read"):
        await call(calls)


async def test_a_refusal_that_is_nonsense_is_a_refusal(bridge: Bridge, calls: BridgeCalls) -> None:
    async def deep(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, body=b"[" * 100_000)

    bridge.answers["/application"] = deep
    with pytest.raises(FireflyError):
        await calls.application(WORKSPACE)


async def test_one_that_hangs_up_in_the_middle_is_away(bridge: Bridge, calls: BridgeCalls) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"state":')
        assert request.transport is not None
        request.transport.close()
        return response

    bridge.answers["/application"] = half
    with pytest.raises(Unavailable):
        await calls.application(WORKSPACE)


async def test_one_that_is_silent_is_given_up(
    bridge: Bridge, calls: BridgeCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("firefly.client.bridge.BridgeClient.application_status", late)
    with pytest.raises(TimedOut, match="did not answer in time"):
        await calls.application(WORKSPACE)


@pytest.mark.parametrize("frame", ["no json", "[" * 100_000, b"\0", '{"jsonrpc": "2.0", "id": 1, "result": 7}'])
async def test_a_connection_that_speaks_another_language_is_away(
    bridge: Bridge, calls: BridgeCalls, frame: str | bytes
) -> None:
    bridge.frame = lambda number: frame
    with pytest.raises(Unavailable):
        await calls.recent_output(WORKSPACE)


async def test_a_glimpse_starts_nothing(calls: BridgeCalls, bridge: Bridge, keeper: Keeper) -> None:
    bridge.says("/application", RUNNING)
    output = {"lines": [LINE.model_dump(mode="json")]}
    bridge.frame = lambda number: json.dumps({"jsonrpc": "2.0", "id": number, "result": output})
    status, line = await calls.glimpse(WORKSPACE, None)
    assert (status.state, line) == (State.RUNNING, LINE)
    bridge.frame = lambda number: json.dumps({"jsonrpc": "2.0", "id": number, "result": {"lines": []}})
    assert (await calls.glimpse(WORKSPACE, 1))[1] is None
    assert keeper.started == []


async def test_a_glimpse_of_a_bridge_that_is_away_is_told(calls: BridgeCalls) -> None:
    with pytest.raises(Unavailable):
        await calls.glimpse(WORKSPACE, None)
