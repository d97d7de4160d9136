"""The pool: connections are reused with care and never cross instances."""

import asyncio
import time

import pytest

from firefly.proxy import timers
from tests.support.waiting import eventually

from .house import House, Peer, Recorder, answer_ok, ok, request


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_a_stale_connection_is_tried_again_once(house: House, method: str) -> None:
    async def once(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(b"first"))
        await peer.read_request()
        await peer.close()

    house.upstream.behaviour = once
    client = await house.client()
    client.send(request())
    assert (await client.read_answer()).body == b"first"
    house.upstream.behaviour = answer_ok
    client.send(request("/again", method=method))
    assert (await client.read_answer(bodiless=method == "HEAD")).status == 200
    assert house.door.counters["retried"] == 1
    assert house.upstream.requests == ["GET /", f"{method} /again", f"{method} /again"]


async def test_a_second_failure_is_told(house: House) -> None:
    async def close_second(peer: Peer) -> None:
        await peer.read_request()
        if len(house.upstream.received) == 1:
            peer.send(ok(b"first"))
            await peer.read_request()
        await peer.close()

    house.upstream.behaviour = close_second
    client = await house.client()
    client.send(request())
    await client.read_answer()
    client.send(request())
    assert (await client.read_answer()).status == 502
    assert len(house.upstream.received) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_not_happen_twice_gets_a_fresh_connection(house: House, method: str) -> None:
    client = await house.client()
    client.send(request())
    await client.read_answer()
    client.send(request(method=method, body=b"x"))
    assert (await client.read_answer()).status == 200
    assert len(house.upstream.received) == 2


async def test_a_post_that_is_not_answered_is_not_repeated(house: House) -> None:
    async def vanish(peer: Peer) -> None:
        await peer.read_request()
        await peer.close()

    house.upstream.behaviour = vanish
    assert (await house.ask(method="POST", body=b"x")).status == 502
    assert len(house.upstream.received) == 1


async def test_a_connection_never_goes_to_another_instance(house: House) -> None:
    client = await house.client()
    client.send(request("/one"))
    await client.read_answer()
    other = Recorder()
    await other.open()
    house.dialer.serve(house.target, other.address, instance="two")
    client.send(request("/two"))
    await client.read_answer()
    assert house.upstream.requests == ["GET /one"]
    assert other.requests == ["GET /two"]
    await eventually(lambda: house.door.counters["pooled"] == 1)
    await other.close()


async def test_an_answer_on_its_way_when_the_instance_ends_is_not_reused(house: House) -> None:
    client = await house.client()
    client.send(request("/one"))
    await client.read_answer()
    house.dialer.instances[house.target] = "two"
    client.send(request("/two"))
    await client.read_answer()
    assert len(house.upstream.received) == 2


async def test_idle_connections_are_closed_before_node_would(house: House) -> None:
    await house.ask()
    assert house.door.counters["pooled"] == 1
    await eventually(lambda: house.door.counters["pooled"] == 0)
    assert await eventually(house.upstream.peers[0].reader.at_eof)


async def test_a_connection_made_during_a_sweep_is_kept(house: House) -> None:
    pool = house.door._context.pool
    dial = asyncio.create_task(pool.dial(house.target))
    while not dial.done():
        pool.sweep()
        await asyncio.sleep(0)
    pool.release(dial.result())
    assert house.door.counters["pooled"] == 1
    assert (await house.ask()).status == 200
    assert len(house.upstream.received) == 1


async def test_a_target_that_closes_leaves_the_pool(house: House) -> None:
    async def once(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok())
        await peer.close()

    house.upstream.behaviour = once
    for _ in range(3):
        assert (await house.ask()).status == 200
        await eventually(lambda: house.door.counters["pooled"] == 0)
    assert house.door.counters["retried"] == 0


async def test_a_target_that_says_close_is_not_kept(house: House) -> None:
    async def closing(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(b"x", b"Connection: close"))
        await peer.reader.read()

    house.upstream.behaviour = closing
    answer = await house.ask()
    assert answer.status == 200
    assert house.door.counters["pooled"] == 0


async def test_a_target_that_speaks_out_of_turn_is_not_kept(house: House) -> None:
    hung_up = asyncio.Event()

    async def chatty(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok())
        await peer.writer.drain()
        await eventually(lambda: house.door.counters["pooled"] == 1)
        peer.send(ok(b"forged"))
        assert await peer.reader.read() == b""
        hung_up.set()

    house.upstream.behaviour = chatty
    await house.ask()
    await eventually(hung_up.is_set)
    assert house.door.counters["pooled"] == 0
    house.upstream.behaviour = answer_ok
    assert (await house.ask("/next")).body == b"GET /next HTTP/1.1"
    assert len(house.upstream.received) == 2


async def test_activity_is_told_while_bytes_pass_with_its_time(house: House) -> None:
    pool, before = house.door._context.pool, time.monotonic()
    await house.ask()
    after = time.monotonic()
    pool.sweep()
    assert set(house.dialer.touched) == {house.target}
    assert before <= house.dialer.used_at[house.target] <= after
    house.dialer.touched.clear()
    pool.sweep()
    assert house.dialer.touched == []


async def test_an_answer_that_is_waited_for_is_activity(house: House) -> None:
    """However long the application computes; what has begun to answer must say more than that it is there."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.read_request()
        begun.set()
        await go_on.wait()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b": ping\n\n", b"data: " + b"x" * 80 + b"\n\n"):
            begun.clear()
            await begun.wait()
            peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    house.upstream.behaviour = slow
    context, client = house.door._context, await house.client()
    client.send(request("/"))
    await begun.wait()
    (connection,) = context.connections
    for _ in range(2):
        house.dialer.touched.clear()
        timers.check(connection)
        context.pool.sweep()
        assert house.dialer.touched == [house.target]
    go_on.set()
    await client.read_head()
    for counts, end in ((False, b": ping\n\n\r\n"), (True, b"x\n\n\r\n")):
        context.pool.sweep()
        house.dialer.touched.clear()
        begun.set()
        await client.reader.readuntil(end)
        timers.check(connection)
        context.pool.sweep()
        assert bool(house.dialer.touched) == counts


async def test_a_client_that_vanishes_takes_its_request_along(house: House) -> None:
    gone = asyncio.Event()

    async def wait(peer: Peer) -> None:
        await peer.read_request()
        assert await peer.reader.read() == b""
        gone.set()

    house.upstream.behaviour = wait
    house.door._context.limits = type(house.door._context.limits)(half_closed_time=0.1)
    client = await house.client()
    client.send(request())
    await eventually(lambda: house.upstream.requests)
    client.writer.transport.abort()
    await asyncio.wait_for(gone.wait(), 30)
    await eventually(lambda: house.door.counters["connections"] == 0)


async def test_too_many_waiting_for_one_target_are_turned_away(house: House) -> None:
    house.door._context.limits = type(house.door._context.limits)(held=2)
    house.dialer.delay = 1
    statuses = [answer.status for answer in await asyncio.gather(*(house.ask() for _ in range(4)))]
    assert sorted(statuses) == [200, 200, 503, 503]
