"""What is written about requests, what is not, and what is counted."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog

from firefly.errors import SandboxFailed
from firefly.proxy import Journal, Verdict
from firefly.proxy.journal import EXCEPTIONS, LAST_FAILURES, LONGEST_PATH, Mode
from firefly.routes import Access, Route
from tests.support.waiting import eventually

from .house import HOST, House, Peer, answer_ok, ok, request

Line = MutableMapping[str, Any]


@pytest.fixture
def logs() -> Iterator[list[Line]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


def lines(logs: list[Line]) -> list[Line]:
    return [line for line in logs if line["event"] == "request"]


@pytest.fixture
async def noted(tmp_path: Path, journal: Journal) -> AsyncIterator[House]:
    house = House(tmp_path, journal=journal)
    await house.open()
    yield house
    await house.close()


@pytest.fixture
def journal() -> Journal:
    return Journal("all")


async def test_a_line_says_who_asked_for_what_and_what_came_of_it(noted: House, logs: list[Line]) -> None:
    route = noted.table.get(HOST)
    assert route is not None
    answer = await noted.ask("/a/b?token=secret", Cookie="a=secret", X_Request_Id="forged")
    (line,) = lines(logs)
    assert 0 < line.pop("upstream_seconds") <= line.pop("seconds") < 30
    assert len(line.pop("request_id")) > 8
    assert line == {
        "event": "request",
        "log_level": "info",
        "host": HOST,
        "method": "GET",
        "path": "/a/b",
        "status": 200,
        "bytes": len(answer.head) + len(answer.body),
        "kind": "preview",
        "peer": "127.0.0.1",
        "client": "127.0.0.1",
        "sampled": 1,
        "project": str(route.project_id),
        "verdict": "member",
    }


@pytest.mark.parametrize(
    ("verdict", "access", "told"),
    [
        (Verdict.MEMBER, Access.MEMBERS, "member"),
        (Verdict.ALLOW, Access.MEMBERS, "guest"),
        (Verdict.ALLOW, Access.PUBLIC, "public"),
        (Verdict.REFUSE, Access.MEMBERS, "refused"),
    ],
)
async def test_a_line_says_as_whom_a_visitor_came_in(
    noted: House, logs: list[Line], verdict: Verdict, access: Access, told: str
) -> None:
    noted.table.put(Route(HOST, noted.target, uuid4(), access))
    noted.gate.default = verdict
    await noted.ask()
    (line,) = lines(logs)
    assert (line["verdict"], line["kind"]) == (told, "none" if told == "refused" else "preview")


@pytest.mark.parametrize("path", ["/.firefly/link/s3cret", "/.firefly/link/s3cret/more?x=1"])
async def test_what_opens_something_is_not_written_down(noted: House, logs: list[Line], path: str) -> None:
    await noted.ask(path)
    await noted.ask("/auth/link/s3cret", host="localhost")
    assert [line["path"].removesuffix("/more") for line in lines(logs)] == ["/.firefly/link/…", "/auth/link/…"]
    assert "s3cret" not in str(logs)


async def test_a_long_path_is_cut(noted: House, logs: list[Line]) -> None:
    await noted.ask("/" + "a" * 1000)
    assert len(lines(logs)[0]["path"]) == LONGEST_PATH


async def test_an_answer_in_parts_a_tunnel_and_a_visitor_who_left_have_their_lines(
    noted: House, logs: list[Line]
) -> None:
    async def act(peer: Peer) -> None:
        head = await peer.read_head()
        if b"Upgrade: x" in head:
            peer.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        elif b"/parts" in head:
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
            await peer.writer.drain()
            peer.send(b"0\r\n\r\n")
            await act(peer)
        else:
            reached.set()
        await peer.reader.read()

    reached = asyncio.Event()
    noted.upstream.behaviour = act
    answer = await noted.ask("/parts")
    assert (lines(logs)[-1]["status"], lines(logs)[-1]["bytes"]) == (200, len(answer.head) + len(answer.body))
    client = await noted.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "x"}))
    await client.read_head()
    assert lines(logs)[-1]["status"] == 101
    leaving = await noted.client()
    leaving.send(request("/left"))
    await eventually(reached.is_set)
    for connection in noted.door._context.connections:
        connection.transport.abort()
    await eventually(lambda: lines(logs)[-1]["status"] == 499)
    assert len(lines(logs)) == 3


@pytest.mark.parametrize("mode", ["off"])
async def test_what_is_off_is_not_written_but_counted(tmp_path: Path, logs: list[Line], mode: Mode) -> None:
    house = House(tmp_path, journal=Journal(mode))
    await house.open()
    await house.ask()
    await house.close()
    assert lines(logs) == []
    assert [name for name, _ in house.door._context.journal.clients.top(3)] == ["127.0.0.1"]


async def test_errors_have_lines_though_they_are_not_of_the_sample_up_to_a_limit(
    tmp_path: Path, logs: list[Line]
) -> None:
    house = House(tmp_path, journal=Journal("sampled", rate=4))
    await house.open()
    context = house.door._context
    context.look_at = 1 << 60
    house.dialer.serve(house.target, SandboxFailed("It stopped.", output="a secret"))
    for _ in range(EXCEPTIONS + 5):
        # As if no tick had come meanwhile.
        context.look_at = 1 << 60
        await house.ask()
    await house.close()
    written = lines(logs)
    assert {(line["status"], line["sampled"]) for line in written} == {(502, 0)}
    assert context.journal.left_out > 0 or len(written) == EXCEPTIONS + 5
    assert "a secret" not in str(written)


async def test_the_last_failures_are_kept_with_their_reasons(noted: House) -> None:
    noted.dialer.serve(noted.target, SandboxFailed("It stopped.", output="a secret"))
    for _ in range(LAST_FAILURES + 1):
        await noted.ask()
    failures = noted.door._context.journal.failures
    assert len(failures) == LAST_FAILURES
    assert (failures[-1].host, failures[-1].kind, failures[-1].reason) == (HOST, "preview", "It stopped.")


async def test_an_answer_that_breaks_off_is_a_failure(noted: House, logs: list[Line]) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.read_head()
        peer.send(ok(b"x" * 100)[:-50])
        await peer.close()

    noted.upstream.behaviour = break_off
    client = await noted.client()
    client.send(request())
    await client.rest()
    (line,) = lines(logs)
    assert line["status"] == 200
    assert "broke off" in noted.door._context.journal.failures[-1].reason


async def test_what_is_counted_adds_up(noted: House) -> None:
    client = await noted.client()
    for _ in range(5):
        client.send(request())
        await client.read_answer()
    await noted.ask(method="POST", body=b"x" * 1000)
    await noted.ask("/", host="localhost")
    noted.gate.default = Verdict.REFUSE
    await noted.ask()
    numbers = noted.door.numbers()
    assert numbers['front_door_requests_total{kind="preview",visitor="member",status="2xx"}'] == 6
    assert numbers['front_door_requests_total{kind="app",visitor="guest",status="2xx"}'] == 1
    assert numbers['front_door_requests_total{kind="none",visitor="guest",status="4xx"}'] == 1
    assert numbers['front_door_request_seconds_count{kind="preview"}'] == 6
    assert numbers['front_door_received_bytes_total{kind="preview"}'] == len(noted.upstream.bytes)
    assert numbers['front_door_pool_open{kind="preview"}'] >= 1
    assert numbers["front_door_refused_total"] == 1


async def test_bytes_of_open_and_of_closed_tunnels_count(noted: House) -> None:
    async def echo(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        while data := await peer.reader.read(100):
            peer.send(data * 2)
        await peer.close()

    noted.upstream.behaviour = echo
    client = await noted.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "x"}))
    await client.read_head()
    before = noted.door.numbers()
    client.send(b"hello")
    assert await client.reader.readexactly(10) == b"hellohello"
    open_now = noted.door.numbers()
    await client.close()
    await eventually(lambda: noted.door.counters["tunnels"] == 0)
    for after in (open_now, noted.door.numbers()):
        for name, bytes_passed in (("received", 5), ("sent", 10)):
            key = f'front_door_{name}_bytes_total{{kind="preview"}}'
            assert after[key] - before[key] == bytes_passed


async def test_a_slow_request_has_a_line_though_it_is_not_of_the_sample(tmp_path: Path, logs: list[Line]) -> None:
    house = House(tmp_path)
    await house.open()
    going, answer = asyncio.Event(), asyncio.Event()

    async def wait(peer: Peer) -> None:
        await peer.read_head()
        going.set()
        await answer.wait()
        peer.send(ok())
        await answer_ok(peer)

    house.upstream.behaviour = wait
    house.door._context.look_at = 1 << 60
    client = await house.client()
    client.send(request())
    await eventually(going.is_set)
    (connection,) = house.door._context.connections
    await eventually(lambda: connection.look is not None)
    assert connection.look is not None
    connection.look.began -= 1
    answer.set()
    await client.read_answer()
    await house.close()
    (line,) = lines(logs)
    assert line["sampled"] == 0
    assert line["seconds"] >= 1
