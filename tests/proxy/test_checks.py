"""Health checks of members: who is ill gets no requests, and nobody is woken or kept awake by being looked at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.proxy import Dialer
from firefly.proxy.checks import AT_ONCE
from firefly.proxy.spread import IN_USE, MISSES
from firefly.routes import Health
from firefly.testing.dialer import MemoryDialer
from tests.support.waiting import eventually

from .house import Peer, ok
from .members import Row

Build = Callable[..., Awaitable[Row]]
BY_PATH = Health("/up", timeout=5)
BY_CONNECTION = Health(timeout=5)


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    rows = []

    async def build(health: Health | None, number: int = 2) -> Row:
        rows.append(Row(tmp_path, number, health=health))
        await rows[-1].open()
        await rows[-1].asked(1)
        return rows[-1]

    yield build
    for row in rows:
        await row.close()


async def look(row: Row, times: int = 1) -> None:
    """Let every member be looked at so many times."""
    checks = row.door._context.checks
    for _ in range(times):
        await eventually(lambda: not checks._running)
        for member in row.balancer.members:
            member.check_at = 0
        checks.sweep()
        await eventually(lambda: not checks._running)


def says(status: bytes) -> Callable[[Peer], Awaitable[None]]:
    async def answer(peer: Peer) -> None:
        while True:
            head = await peer.read_head()
            peer.send(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status if b" /up " in head else ok(b"0"))

    return answer


@pytest.mark.parametrize("path", ["up", "/a b", "/a\r\nX: 1", "/ü", ""])
def test_only_what_can_be_asked_for_is_a_path(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a health check"):
        Health(path)


@pytest.mark.parametrize("status", [b"500 Broken", b"404 Not Found", b"101 Go"])
async def test_who_answers_badly_gets_no_requests_until_it_answers_well(build: Build, status: bytes) -> None:
    row = await build(BY_PATH)
    row.recorders[0].behaviour = says(status)
    await look(row, MISSES - 1)
    assert not row.member(0).ill
    await look(row)
    assert row.member(0).ill
    assert set(await row.asked(4)) == {"1"}
    row.recorders[0].behaviour = says(b"204 No Content")
    await look(row)
    assert set(await row.asked(4)) == {"0", "1"}


@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"301 Moved", b"399 X"])
async def test_two_and_three_hundreds_are_well(build: Build, status: bytes) -> None:
    row = await build(BY_PATH)
    row.recorders[0].behaviour = says(status)
    await look(row, MISSES)
    assert not row.member(0).ill
    assert b"GET /up HTTP/1.1\r\nHost: localhost\r\n" in row.recorders[0].bytes


async def test_without_a_path_a_connection_is_enough(build: Build) -> None:
    row = await build(BY_CONNECTION)
    row.recorders[0].behaviour = says(b"500 Broken")
    await look(row, MISSES)
    assert not row.member(0).ill
    row.refuse(0)
    await look(row, MISSES)
    assert row.member(0).ill


async def test_who_says_nothing_in_time_is_ill(build: Build) -> None:
    async def silent(peer: Peer) -> None:
        await peer.reader.read()

    row = await build(Health("/up", timeout=0.01))
    row.recorders[0].behaviour = silent
    await look(row, MISSES)
    assert row.member(0).ill


async def test_who_talks_for_ever_without_an_answer_is_ill(build: Build) -> None:
    async def babble(peer: Peer) -> None:
        while True:
            peer.send(b"x" * 10_000)
            await peer.writer.drain()

    row = await build(BY_PATH)
    row.recorders[0].behaviour = babble
    await look(row, MISSES)
    assert row.member(0).ill


async def test_where_all_are_ill_requests_are_tried_all_the_same(build: Build) -> None:
    row = await build(BY_PATH)
    for recorder in row.recorders:
        recorder.behaviour = says(b"500 Broken")
    await look(row, MISSES)
    assert all(member.ill for member in row.balancer.members)
    assert (await row.ask()).status == 200


async def test_another_run_is_not_ill(build: Build) -> None:
    row = await build(BY_PATH)
    row.recorders[0].behaviour = says(b"500 Broken")
    await look(row, MISSES)
    row.serve(0, instance="again")
    assert "0" in await row.asked(2)


async def test_who_sleeps_is_not_looked_at(build: Build) -> None:
    row = await build(BY_PATH)
    del row.dialer.instances[row.targets[0]]
    await look(row, 3)
    assert set(row.dialer.probed) == {row.targets[1]}


async def test_looks_are_no_activity(build: Build) -> None:
    row = await build(BY_PATH)
    row.door._context.pool.sweep()
    row.dialer.touched.clear()
    await look(row, 3)
    row.door._context.pool.sweep()
    assert row.dialer.probed
    assert row.dialer.touched == []


async def test_what_nobody_uses_is_not_looked_at(build: Build) -> None:
    row = await build(BY_PATH)
    await look(row)
    before = len(row.dialer.probed)
    row.balancer.used -= IN_USE + 1
    await look(row, 3)
    assert len(row.dialer.probed) == before > 0


async def test_without_health_nobody_looks(build: Build) -> None:
    row = await build(None)
    await look(row, 3)
    assert row.dialer.probed == []


async def test_the_front_door_looks_by_itself(build: Build) -> None:
    row = await build(BY_CONNECTION)
    await eventually(lambda: set(row.dialer.probed) == set(row.targets))
    assert len(row.dialer.probed) == 2


async def test_few_are_looked_at_at_one_time(build: Build) -> None:
    row = await build(BY_PATH, AT_ONCE + 4)
    begun = 0
    hold = asyncio.Event()

    async def wait(peer: Peer) -> None:
        nonlocal begun
        begun += 1
        await hold.wait()

    for recorder in row.recorders:
        recorder.behaviour = wait
    for member in row.balancer.members:
        member.check_at = 0
    checks = row.door._context.checks
    checks.sweep()
    checks.sweep()
    await eventually(lambda: begun == AT_ONCE)
    assert checks._running == AT_ONCE
    hold.set()


async def test_a_dialer_that_cannot_look_tells_nothing(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryDialer, "probe", Dialer.probe)
    row = await build(BY_PATH)
    with pytest.raises(Unavailable):
        await row.dialer.probe(row.targets[0])
    await look(row, MISSES)
    assert not any(member.ill for member in row.balancer.members)
