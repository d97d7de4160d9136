"""A target of several members: who gets a request, who is left out, and what is tried again."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.proxy import Limits
from firefly.proxy.attempt import ROUNDS
from firefly.proxy.spread import FAILURES, KEPT, PAUSE, WORTH_WAKING
from firefly.routes import SandboxTarget, Spread, Target
from firefly.testing.dialer import MemoryDialer
from tests.support.waiting import eventually

from .house import Behaviour, Peer, ok, request
from .members import Row, named

UPGRADE = {"Connection": "Upgrade", "Upgrade": "x"}
Build = Callable[..., Awaitable[Row]]


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    rows = []

    async def build(number: int, limits: Limits | None = None) -> Row:
        rows.append(Row(tmp_path, number, limits=limits))
        await rows[-1].open()
        return rows[-1]

    yield build
    for row in rows:
        await row.close()


@pytest.fixture
async def row(build: Build) -> Row:
    return await build(3)


async def hang(peer: Peer) -> None:
    await peer.read_request()
    await peer.reader.read()


async def vanish(peer: Peer) -> None:
    await peer.read_request()
    await peer.close()


async def babble(peer: Peer) -> None:
    await peer.read_request()
    peer.send(b"no HTTP\r\n\r\n")


async def accept(peer: Peer) -> None:
    await peer.read_head()
    peer.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    await peer.reader.read()
    await peer.close()


def test_a_spread_names_members_once_each() -> None:
    one = SandboxTarget(uuid4(), 3000)
    with pytest.raises(ValueError, match="one member or more"):
        Spread(())
    with pytest.raises(ValueError, match="each of them once"):
        Spread((one, one))


async def test_requests_one_after_another_go_to_each_in_turn(row: Row) -> None:
    assert Counter(await row.asked(9)) == {"0": 3, "1": 3, "2": 3}


async def test_who_has_less_to_do_gets_the_next(row: Row) -> None:
    for recorder in row.recorders[:2]:
        recorder.behaviour = hang
    for _ in range(2):
        (await row.client()).send(request())
    await eventually(lambda: all(recorder.requests for recorder in row.recorders[:2]))
    assert set(await row.asked(6)) == {"2"}


async def test_equal_members_share_alike_beside_a_busy_one(row: Row) -> None:
    row.recorders[0].behaviour = hang
    (await row.client()).send(request())
    await eventually(lambda: row.recorders[0].requests)
    assert Counter(await row.asked(10)) == {"1": 5, "2": 5}


async def test_idle_connections_are_no_load(row: Row) -> None:
    clients = [await row.client() for _ in range(3)]
    row.lead_to(row.targets[0])
    for client in clients:
        client.send(request())
    for client in clients:
        await client.read_answer()
    assert row.door.counters["pooled"] > 1
    row.lead_to(row.spread)
    assert Counter(await row.asked(9)) == {"0": 3, "1": 3, "2": 3}


async def test_tunnels_are_load(row: Row) -> None:
    row.recorders[0].behaviour = accept
    row.lead_to(Spread(row.targets[:1]))
    client = await row.client()
    client.send(request(fields=UPGRADE))
    assert (await client.read_answer()).status == 101
    row.lead_to(row.spread)
    assert set(await row.asked(6)) == {"1", "2"}
    client.writer.transport.abort()
    row.recorders[0].behaviour = named(0)
    await eventually(lambda: row.door._context.pool.load(row.targets[0]) == 0)
    assert "0" in await row.asked(3)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_was_not_sent_yet_may_go_to_another(row: Row, method: str) -> None:
    row.refuse(0)
    row.refuse(1)
    answers = [await row.ask(method=method, body=b"x" if method == "POST" else b"") for _ in range(4)]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"2")}
    assert row.door.counters["failed"] == 0
    assert row.door.counters["moved"] > 0


async def test_a_body_on_its_way_goes_to_the_member_that_takes_it_whole(row: Row) -> None:
    row.refuse(0)
    row.refuse(1)
    body = b"b" * 200_000
    client = await row.client()
    client.send(request(method="PUT", body=body))
    assert (await client.read_answer()).status == 200
    assert row.recorders[2].bytes.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("broken", [vanish, babble])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_what_a_member_broke_is_tried_at_another(row: Row, method: str, broken: Behaviour) -> None:
    row.recorders[0].behaviour = row.recorders[1].behaviour = broken
    for _ in range(3):
        assert (await row.ask(method=method)).status == 200
    assert row.door.counters["failed"] == 0


@pytest.mark.parametrize(("method", "body"), [("POST", b""), ("PATCH", b"x"), ("PUT", b"x"), ("DELETE", b"x")])
async def test_what_was_sent_and_may_not_happen_twice_is_told(row: Row, method: str, body: bytes) -> None:
    for recorder in row.recorders:
        recorder.behaviour = vanish
    assert (await row.ask(method=method, body=body)).status == 502
    assert sum(len(recorder.requests) for recorder in row.recorders) == 1


async def test_an_answer_that_has_begun_is_not_begun_again(row: Row) -> None:
    async def stop_midway(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await peer.close()

    for recorder in row.recorders:
        recorder.behaviour = stop_midway
    client = await row.client()
    client.send(request())
    assert (await client.rest()).endswith(b"\r\n\r\nhalf")
    assert sum(len(recorder.requests) for recorder in row.recorders) == 1


async def test_where_every_member_fails_each_is_tried_once(row: Row) -> None:
    for recorder in row.recorders:
        recorder.behaviour = vanish
    assert (await row.ask()).status == 502
    assert [len(recorder.requests) for recorder in row.recorders] == [1, 1, 1]


@pytest.mark.parametrize(
    ("error", "status"), [(Unavailable("It starts.", retry_after=1), 503), (SandboxFailed("It crashed."), 502)]
)
async def test_the_last_failure_is_what_is_told(row: Row, error: Exception, status: int) -> None:
    for target in row.targets:
        row.dialer.addresses[target] = error
    assert (await row.ask()).status == status


async def test_a_stale_connection_is_no_failure_of_its_member(row: Row) -> None:
    async def once(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok())
        await peer.read_request()
        await peer.close()

    row.recorders[0].behaviour = once
    row.lead_to(Spread(row.targets[:1]))
    assert (await row.ask()).status == 200
    row.recorders[0].behaviour = named(0)
    assert await row.asked(1) == ["0"]
    assert row.door.counters["retried"] == 1
    assert row.door.counters["moved"] == 0


async def test_who_fails_again_and_again_is_left_out(row: Row) -> None:
    row.recorders[0].behaviour = vanish
    await row.asked(3 * FAILURES)
    assert row.out == [0]
    assert row.door.counters["ejected"] == 1
    before = len(row.recorders[0].requests)
    await row.asked(9)
    assert len(row.recorders[0].requests) == before == FAILURES


async def test_failures_with_answers_in_between_do_not_count(row: Row) -> None:
    turns = iter([vanish, vanish, named(0)] * 3)

    async def unsteady(peer: Peer) -> None:
        await next(turns)(peer)

    row.recorders[0].behaviour = unsteady
    while len(row.recorders[0].requests) < 8:
        await row.asked(1)
        await eventually(lambda: row.door.counters["pooled"] > 0)
        row.door._context.pool.close()
    assert row.out == []


async def test_at_most_half_of_the_members_are_left_out(build: Build) -> None:
    row = await build(4)
    for number in range(4):
        row.refuse(number)
    for _ in range(5 * FAILURES):
        assert (await row.ask()).status == 502
    assert len(row.out) == 2


@pytest.mark.parametrize("number", [1, 2])
async def test_the_last_member_is_never_left_out(build: Build, number: int) -> None:
    row = await build(number)
    for recorder in row.recorders:
        recorder.behaviour = vanish
    for _ in range(3 * FAILURES):
        assert (await row.ask()).status == 502
    assert len(row.out) == number - 1
    for recorder in row.recorders:
        recorder.behaviour = named(7)
    assert set(await row.asked(4)) == {"7"}


async def test_after_its_pause_a_member_gets_one_request_then_all(row: Row) -> None:
    row.recorders[0].behaviour = vanish
    await row.asked(3 * FAILURES)
    row.recorders[0].behaviour = hang
    row.wait_out(0)
    (await row.client()).send(request())
    await eventually(lambda: len(row.recorders[0].requests) == FAILURES + 1)
    (row.recorders[1].behaviour, row.recorders[2].behaviour) = (hang, hang)
    row.door._context.pool.close()
    before = sum(len(recorder.requests) for recorder in row.recorders)
    for _ in range(4):
        (await row.client()).send(request())
    await eventually(lambda: sum(len(recorder.requests) for recorder in row.recorders) == before + 4)
    assert len(row.recorders[0].requests) == FAILURES + 1
    row.recorders[0].peers[-1].send(ok(b"well", b"Connection: close"))
    await eventually(lambda: row.door._context.pool.load(row.targets[0]) == 0)
    row.recorders[0].behaviour = named(0)
    assert await row.asked(3) == ["0", "0", "0"]
    assert row.member(0).until == 0


async def test_each_further_pause_is_longer(row: Row) -> None:
    row.recorders[0].behaviour = vanish
    await row.asked(3 * FAILURES)
    pauses = [row.member(0).pause]
    for _ in range(2):
        row.wait_out(0)
        await row.asked(3)
        assert row.out == [0]
        pauses.append(row.member(0).pause)
    assert pauses == [PAUSE, 2 * PAUSE, 4 * PAUSE]


async def test_another_run_of_a_member_begins_anew(row: Row) -> None:
    row.refuse(0)
    await row.asked(3 * FAILURES)
    assert row.out == [0]
    row.serve(0, instance="again")
    assert "0" in await row.asked(3)
    assert row.out == []


async def test_another_run_of_a_member_that_failed_may_be_tried_again(row: Row) -> None:
    async def end_and_begin(peer: Peer) -> None:
        await peer.read_request()
        for number in range(3):
            row.recorders[number].behaviour = named(number)
            row.serve(number, instance=f"again{number}")
        await peer.close()

    row.refuse(0)
    row.refuse(1)
    row.recorders[2].behaviour = end_and_begin
    assert await row.asked(1) == ["0"]


class Restless(MemoryDialer):
    """Each run ends before it takes a connection, until so many have."""

    ends = 0

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if self.ends:
            self.ends -= 1
            self.instances[target] = f"another{self.ends}"
            raise ConnectionRefusedError("It ended.")
        return await super().dial(target)


async def test_what_reached_no_run_goes_on_until_one_takes_it(row: Row) -> None:
    restless = Restless()
    dial_by(row, restless)
    restless.ends = 5 * len(row.targets)
    assert (await row.ask(method="POST", body=b"x")).status == 200
    assert restless.ends == 0


async def test_a_request_that_ends_whatever_gets_it_is_not_passed_on_without_end(row: Row) -> None:
    async def end_and_begin(peer: Peer) -> None:
        await peer.read_request()
        for number in range(3):
            row.serve(number, instance=f"{number} after {got()}")
        await peer.close()

    def got() -> int:
        return sum(len(recorder.requests) for recorder in row.recorders)

    for recorder in row.recorders:
        recorder.behaviour = end_and_begin
    assert (await row.ask()).status == 502
    assert got() == ROUNDS * len(row.targets)


async def test_a_member_that_sleeps_is_left_alone_while_others_have_little_to_do(row: Row) -> None:
    for number in (1, 2):
        del row.dialer.instances[row.targets[number]]
    assert set(await row.asked(6)) == {"0"}
    assert set(row.dialer.dialed) == {row.targets[0]}


async def test_a_member_is_woken_where_the_others_have_much_to_do(build: Build) -> None:
    row = await build(2)
    row.recorders[0].behaviour = hang
    del row.dialer.instances[row.targets[1]]
    row.lead_to(Spread(row.targets[:1]))
    for _ in range(WORTH_WAKING + 1):
        (await row.client()).send(request())
    await eventually(lambda: len(row.recorders[0].requests) == WORTH_WAKING + 1)
    row.lead_to(row.spread)
    assert await row.asked(1) == ["1"]


async def test_where_all_sleep_one_is_woken(row: Row) -> None:
    row.dialer.instances.clear()
    assert len(set(await row.asked(5))) == 1
    assert len(row.dialer.instances) == 1


def dial_by(row: Row, dialer: MemoryDialer) -> None:
    """Reach what `row` serves in another way."""
    dialer.addresses, dialer.instances = row.dialer.addresses, row.dialer.instances
    context = row.door._context
    context.pool._dialer = context.spreads._dialer = dialer


class Slow(MemoryDialer):
    """Some targets take no connection until the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck: set[Target] = set()

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if target in self.stuck:
            await asyncio.Event().wait()
        return await super().dial(target)


async def test_a_member_that_takes_no_connection_is_given_up_for_another(build: Build) -> None:
    row = await build(2, limits=Limits(connect_time=0))
    slow = Slow()
    dial_by(row, slow)
    slow.stuck.add(row.targets[0])
    assert set(await row.asked(4)) == {"1"}
    assert row.door.counters["moved"] >= 1


async def test_a_request_for_the_only_member_waits_as_for_any_target(build: Build) -> None:
    row = await build(1, limits=Limits(connect_time=0))
    row.dialer.delay = 0.6
    assert await row.asked(1) == ["0"]
    assert row.dialer.dialed == [row.targets[0]]


async def test_time_outs_count_as_failures(build: Build) -> None:
    row = await build(2, limits=Limits(answer_time=0))
    row.recorders[0].behaviour = hang
    row.lead_to(Spread(row.targets))
    clients = [await row.client() for _ in range(2 * FAILURES)]
    row.recorders[1].behaviour = hang
    for client in clients:
        client.send(request())
    for client in clients:
        assert (await client.read_answer()).status == 504
    assert len(row.out) == 1


async def test_a_release_switches_without_a_failed_request(row: Row) -> None:
    going_on = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.read_request()
        await going_on.wait()
        peer.send(ok(b"old"))

    old, new = row.targets[0], row.targets[1]
    row.recorders[0].behaviour = slow
    row.lead_to(Spread((old,)))
    client = await row.client()
    client.send(request())
    await eventually(lambda: row.recorders[0].requests)
    row.lead_to(Spread((new,)))
    assert set(await row.asked(3)) == {"1"}
    assert not await row.door.drained(old, within=0)
    draining = asyncio.create_task(row.door.drained(old, within=30))
    going_on.set()
    assert (await client.read_answer()).body == b"old"
    assert await draining
    assert row.door.counters["failed"] == 0


async def test_a_tunnel_keeps_a_member_from_being_drained(row: Row) -> None:
    row.recorders[0].behaviour = accept
    row.lead_to(row.targets[0])
    client = await row.client()
    client.send(request(fields=UPGRADE))
    assert (await client.read_answer()).status == 101
    row.lead_to(row.targets[1])
    assert not await row.door.drained(row.targets[0], within=0)
    client.writer.transport.abort()
    assert await row.door.drained(row.targets[0], within=30)


async def test_what_nobody_asks_for_is_forgotten(row: Row) -> None:
    await row.asked(1)
    spreads = row.door._context.spreads
    assert spreads._balancers
    row.balancer.used -= KEPT + 1
    spreads.sweep()
    assert not spreads._balancers
    assert (await row.ask()).status == 200
