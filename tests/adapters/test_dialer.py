"""Which socket a request gets: of a run that sleeps, moved, crashed or never gets ready."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from firefly.adapters import dialer
from firefly.adapters.dialer import LONGEST_LINE, OUTPUT_LINES, SandboxDialer, readable
from firefly.errors import NotFound, SandboxFailed, TimedOut, Unavailable
from firefly.protocol.application import ApplicationKind, ApplicationStatus, Line, State, Stream
from firefly.proxy import Progress, Step
from firefly.routes import AppTarget, BridgeTarget, PagesTarget, SandboxTarget
from firefly.sandbox.backend import Instance
from firefly.testing.dialer import MemoryDialer
from firefly.workers.protocol import WIRE

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORKSPACE = uuid4()
MAIN = SandboxTarget(WORKSPACE)


@dataclass
class Keeper:
    """One workspace; `listening` are the ports that its application has open."""

    folder: Path
    run: Instance | None = None
    listening: set[int] = field(default_factory=set)
    starts: int = 0
    waits: str = ""
    dialed: list[int] = field(default_factory=list)
    touched: list[tuple[UUID, float]] = field(default_factory=list)

    def place(self, workspace_id: UUID) -> str:
        return self.waits

    def running(self, workspace_id: UUID) -> Instance | None:
        return self.run

    async def ensure(self, workspace_id: UUID) -> Instance:
        if self.run is None:
            self.starts += 1
            self.run = Instance(f"run-{self.starts}", workspace_id, NOW)
        return self.run

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        instance = await self.ensure(workspace_id)
        self.dialed.append(port)
        if port not in self.listening:
            raise Unavailable(f"Nothing listens on port {port}.")
        ours, theirs = socket.socketpair()
        theirs.close()
        return instance, ours

    async def probe(self, workspace_id: UUID, port: int) -> socket.socket:
        if self.run is None:
            raise Unavailable("The sandbox does not run.")
        return (await self.connect(workspace_id, port))[1]

    def touch(self, workspace_id: UUID, at: float) -> None:
        self.touched.append((workspace_id, at))

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.folder / "bridge.sock"


@dataclass
class Bridges:
    """What the bridge says of its application, one answer after the other; the last one stays."""

    answers: list[ApplicationStatus] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    asked: int = 0
    after: list[int | None] = field(default_factory=list)

    async def application(self, workspace_id: UUID, *, wait: float = 0) -> ApplicationStatus:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def recent_output(self, workspace_id: UUID) -> list[Line]:
        return self.lines

    async def glimpse(self, workspace_id: UUID, after: int | None) -> tuple[ApplicationStatus, Line | None]:
        self.after.append(after)
        newer = [line for line in self.lines if after is None or line.seq > after]
        return await self.application(workspace_id), newer[-1] if newer else None


@dataclass
class House:
    keeper: Keeper
    bridges: Bridges
    dialer: SandboxDialer
    beside: MemoryDialer
    opened: list[socket.socket] = field(default_factory=list)

    async def dial(self, target: Any = MAIN) -> str:
        key, connection = await self.dialer.dial(target)
        self.opened.append(connection)
        return key


def status(state: State, port: int = 3000, reason: str = "") -> ApplicationStatus:
    return ApplicationStatus(state=state, kind=ApplicationKind.SERVER, command="x", port=port, reason=reason, since=NOW)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    keeper, bridges = Keeper(tmp_path, listening={3000}), Bridges([status(State.RUNNING)])
    beside = MemoryDialer()
    dialer = SandboxDialer(keeper=cast(Any, keeper), bridges=cast(Any, bridges), beside=beside)
    made = House(keeper, bridges, dialer, beside)
    yield made
    for connection in made.opened:
        connection.close()


async def test_what_sleeps_is_woken_and_its_port_is_asked_for_once(house: House) -> None:
    assert house.dialer.instance(MAIN) is None
    assert [await house.dial(), await house.dial()] == ["run-1:3000"] * 2
    assert (house.keeper.starts, house.bridges.asked) == (1, 1)
    assert house.dialer.instance(MAIN) == "run-1:3000"


async def test_an_application_that_moved_is_found_on_its_new_port(house: House) -> None:
    await house.dial()
    house.keeper.listening = {4000}
    house.bridges.answers = [status(State.RUNNING, 4000)]
    assert await house.dial() == "run-1:4000"
    assert house.dialer.instance(MAIN) == "run-1:4000"
    assert house.keeper.dialed == [3000, 3000, 4000]


async def test_another_run_is_asked_anew(house: House) -> None:
    await house.dial()
    house.keeper.run = Instance("run-9", WORKSPACE, NOW)
    assert house.dialer.instance(MAIN) is None
    house.bridges.answers = [status(State.WAITING)]
    assert await house.dial() == "run-9:3000"


async def test_one_that_installs_and_starts_is_waited_for(house: House) -> None:
    house.bridges.answers = [status(State.INSTALLING), status(State.STARTING), status(State.RUNNING)]
    assert await house.dial() == "run-1:3000"
    assert house.bridges.asked == 3


async def test_one_that_is_never_ready_is_told_in_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialer, "READY_LIMIT", 0.1)
    house.bridges.answers = [status(State.INSTALLING)]
    with pytest.raises(TimedOut, match="not ready yet"):
        await house.dial()


@pytest.mark.parametrize("state", [State.CRASHED, State.STOPPED])
async def test_a_crash_comes_with_its_reason_and_last_lines(house: House, state: State) -> None:
    house.bridges.answers = [status(state, reason="It ended with 1.")]
    house.bridges.lines = [Line(seq=n, time=NOW, stream=Stream.ERR, text=f"line {n}") for n in range(OUTPUT_LINES + 5)]
    with pytest.raises(SandboxFailed, match=r"It ended with 1\.") as caught:
        await house.dial()
    assert caught.value.output.splitlines() == [f"line {n}" for n in range(5, OUTPUT_LINES + 5)]
    assert house.keeper.dialed == []


async def test_a_script_that_ended_well_still_shows_what_it_printed(house: House) -> None:
    ended = status(State.STOPPED).model_copy(update={"kind": ApplicationKind.SCRIPT, "exit_code": 0})
    house.bridges.answers = [ended]
    assert await house.dial() == "run-1:3000"
    house.keeper.run = Instance("run-9", WORKSPACE, NOW)
    house.bridges.answers = [ended.model_copy(update={"exit_code": None})]
    with pytest.raises(SandboxFailed):
        await house.dial()


async def test_one_that_crashed_since_it_was_last_asked_is_not_taken_for_running(house: House) -> None:
    await house.dial()
    house.keeper.listening = set()
    house.bridges.answers = [status(State.CRASHED, reason="It ended with 1.")]
    with pytest.raises(SandboxFailed):
        await house.dial()
    assert house.dialer.instance(MAIN) is None


async def test_one_that_says_it_runs_and_does_not_listen_is_away(house: House) -> None:
    house.keeper.listening = set()
    with pytest.raises(Unavailable, match="3000"):
        await house.dial()
    assert house.bridges.asked == 2


async def test_a_port_of_its_own_is_dialed_without_asking(house: House) -> None:
    target = SandboxTarget(WORKSPACE, 5173)
    with pytest.raises(Unavailable):
        await house.dial(target)
    house.keeper.listening.add(5173)
    assert await house.dial(target) == house.dialer.instance(target) == "run-1"
    assert house.bridges.asked == 0


@pytest.mark.parametrize("target", [MAIN, SandboxTarget(WORKSPACE, 3000)])
async def test_a_look_at_its_health_starts_nothing(house: House, target: SandboxTarget) -> None:
    assert not house.dialer.is_awake(target)
    with pytest.raises(Unavailable):
        await house.dialer.probe(target)
    assert house.keeper.starts == 0
    await house.dial(target)
    assert house.dialer.is_awake(target)
    house.opened.append(await house.dialer.probe(target))
    assert house.keeper.touched == []


async def test_a_port_on_which_nothing_listens_is_a_sign_of_bad_health(house: House) -> None:
    await house.dial()
    house.keeper.listening.clear()
    with pytest.raises(OSError, match="Nothing listens") as told:
        await house.dialer.probe(MAIN)
    elsewhere = WIRE.load(WIRE.dump(told.value))
    assert isinstance(elsewhere, ConnectionRefusedError), "another process takes it for bad health too"


async def test_an_application_may_run_though_its_port_is_not_known(house: House) -> None:
    await house.keeper.ensure(WORKSPACE)
    assert house.dialer.is_awake(MAIN)
    assert house.dialer.instance(MAIN) is None
    with pytest.raises(Unavailable, match="not known"):
        await house.dialer.probe(MAIN)


async def test_only_sandboxes_are_looked_at(house: House) -> None:
    await house.keeper.ensure(WORKSPACE)
    assert not house.dialer.is_awake(AppTarget())
    with pytest.raises(Unavailable, match="Only the health"):
        await house.dialer.probe(BridgeTarget(WORKSPACE))


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[None]:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, tmp_path / "bridge.sock")
    yield
    server.close()
    await server.wait_closed()


async def test_the_bridge_is_reached_by_its_socket(house: House, listener: None) -> None:
    target = BridgeTarget(WORKSPACE)
    key, connection = await house.dialer.dial(target)
    with closing(connection):
        assert connection.getpeername() == str(house.keeper.folder / "bridge.sock")
        assert connection.gettimeout() == 0
    assert key == house.dialer.instance(target) == "run-1"


async def test_a_bridge_that_is_gone_is_away(house: House) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await house.dialer.dial(BridgeTarget(WORKSPACE))


async def test_what_is_no_sandbox_is_none_of_its_business(house: House) -> None:
    assert house.dialer.instance(AppTarget()) is None
    house.dialer.touch(AppTarget(), 1)
    with pytest.raises(NotFound):
        await house.dialer.dial(AppTarget())
    assert house.keeper.touched == []
    # It is somebody else's.
    pages = PagesTarget(uuid4())
    house.beside.serve(pages, Unavailable("Not yet."), instance="pages 1")
    assert (house.dialer.instance(pages), house.dialer.is_awake(pages)) == ("pages 1", True)
    assert (await house.dialer.progress(pages)).step is Step.APPLICATION
    with pytest.raises(Unavailable, match="Not yet"):
        await house.dialer.dial(pages)


def test_activity_counts_for_the_workspace_from_when_it_was(house: House) -> None:
    house.dialer.touch(MAIN, 2)
    house.dialer.touch(BridgeTarget(WORKSPACE), 3)
    assert house.keeper.touched == [(WORKSPACE, 2), (WORKSPACE, 3)]


async def test_a_visitor_who_goes_away_leaves_no_socket_open(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    waits = asyncio.Event()

    async def for_ever(loop: object, connection: socket.socket, address: object) -> None:
        made.append(connection)
        waits.set()
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", for_ever)
    dialing = asyncio.create_task(house.dialer.dial(BridgeTarget(WORKSPACE)))
    await waits.wait()
    dialing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialing
    assert [connection.fileno() for connection in made] == [-1]


@pytest.mark.parametrize(
    "error", [Unavailable("The project server's answer cannot be read."), TimedOut("It did not answer in time.")]
)
async def test_a_bridge_that_cannot_say_where_the_application_is(house: House, error: Exception) -> None:
    async def application(workspace_id: UUID, *, wait: float = 0) -> ApplicationStatus:
        raise error

    house.bridges.application = application  # type: ignore[method-assign]
    with pytest.raises(type(error), match=str(error)):
        await house.dial()
    assert house.keeper.dialed == []
    assert house.dialer.instance(MAIN) is None


@pytest.mark.parametrize(
    ("told", "listening", "found"),
    [
        (State.INSTALLING, (), Progress(Step.INSTALLING, "added 12 packages")),
        (State.STARTING, (), Progress(Step.APPLICATION, "added 12 packages")),
        (State.CRASHED, (), Progress(Step.APPLICATION, "added 12 packages", ready=True)),
        (State.RUNNING, (), Progress(Step.PORT, "Nothing listens on port 3000.")),
        (State.RUNNING, (3000,), Progress(Step.PORT, ready=True)),
    ],
)
async def test_how_far_an_application_is_on_its_way(
    house: House, told: State, listening: tuple[int, ...], found: Progress
) -> None:
    house.keeper.waits = "Waiting for its turn to start: 3 before it."
    assert await house.dialer.progress(MAIN) == Progress(Step.SANDBOX, house.keeper.waits)
    house.keeper.run = Instance("run-1", WORKSPACE, NOW)
    house.keeper.listening = set(listening)
    house.bridges.answers = [status(told)]
    house.bridges.lines = [Line(seq=7, time=NOW, stream=Stream.OUT, text="\x1b[32madded 12 packages\x1b[0m\r")]
    assert await house.dialer.progress(MAIN) == found
    assert (house.keeper.starts, house.keeper.touched) == (0, [])


async def test_the_last_line_is_remembered_and_only_newer_ones_are_asked_for(house: House) -> None:
    house.keeper.run = Instance("run-1", WORKSPACE, NOW)
    house.bridges.answers = [status(State.INSTALLING)]
    house.bridges.lines = [Line(seq=7, time=NOW, stream=Stream.OUT, text="first")]
    for _ in range(2):
        assert (await house.dialer.progress(MAIN)).detail == "first"
    assert house.bridges.after == [None, 7]
    house.bridges.answers = [status(State.RUNNING)]
    await house.dialer.progress(MAIN)
    assert house.dialer._lines == {}


async def test_how_far_another_port_is_on_its_way(house: House) -> None:
    port = SandboxTarget(WORKSPACE, 3000)
    assert await house.dialer.progress(port) == Progress(Step.SANDBOX)
    house.keeper.run = Instance("run-1", WORKSPACE, NOW)
    assert (await house.dialer.progress(port)).ready
    assert not (await house.dialer.progress(SandboxTarget(WORKSPACE, 4000))).ready
    assert house.bridges.asked == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b]0;title\x07done", "done"),
        ("\x1b[1;31mred\x1b[0m\x00\x08", "red"),
        ("a" * 500, "a" * LONGEST_LINE),
        ("\x1b", ""),
    ],
)
def test_a_line_of_a_terminal_is_plain_text(text: str, shown: str) -> None:
    assert readable(text) == shown
