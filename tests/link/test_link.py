"""Calls, notes and descriptors between two ends, and what happens when one end goes."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest
import uvloop

from firefly.errors import NotFound, TimedOut, Unavailable
from firefly.link import Link, Sockets, Wire, channel
from tests.support.waiting import eventually

WIRE = Wire(())


def pytest_asyncio_loop_factories() -> Mapping[str, object]:
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class Other:
    """The end that answers."""

    heard: list[object] = field(default_factory=list)
    begun: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def echo(self, *values: object) -> object:
        return values

    async def fail(self) -> None:
        raise NotFound("There is no such thing.")

    async def wait(self) -> str:
        self.begun += 1
        try:
            await self.release.wait()
        finally:
            self.ended.set()
        return "waited"

    async def pipe(self) -> Sockets:
        near, far = socket.socketpair()
        near.send(b"from afar")
        near.close()
        return Sockets("a pipe", (far,))

    async def wait_and_pipe(self) -> Sockets:
        await self.wait()
        return await self.pipe()

    def hear(self, value: object) -> None:
        self.heard.append(value)


@dataclass
class Ends:
    near: Link
    far: Link
    other: Other


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    one, two = socket.socketpair()
    other = Other()
    calls: dict[str, Callable[..., Awaitable[object]]] = {
        "echo": other.echo, "fail": other.fail, "wait": other.wait, "pipe": other.pipe,
        "wait_and_pipe": other.wait_and_pipe,
    }  # fmt: skip
    made = Ends(Link(one, WIRE, calls={}, notes={}), Link(two, WIRE, calls=calls, notes={"hear": other.hear}), other)
    yield made
    made.near.close()
    made.far.close()


def descriptors() -> set[str]:
    """What is open here, as in `socket:[42]`; what other tests left may be closed at any time."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return found


async def test_a_call_is_answered(ends: Ends) -> None:
    assert await ends.near.call("echo", "a", 1) == ("a", 1)
    many = await asyncio.gather(*(ends.near.call("echo", number, "x" * 5000) for number in range(200)))
    assert [number for number, _ in many] == list(range(200))


async def test_what_it_raises_is_raised_at_the_callers(ends: Ends) -> None:
    with pytest.raises(NotFound, match="There is no such thing"):
        await ends.near.call("fail")


async def test_notes_arrive_in_their_order_however_many(ends: Ends) -> None:
    for number in range(5000):
        ends.near.note("hear", number)
    await eventually(lambda: len(ends.other.heard) == 5000)
    assert ends.other.heard == list(range(5000))


async def test_a_descriptor_is_handed_over_and_closed_here(ends: Ends) -> None:
    before = descriptors()
    found = await ends.near.call("pipe")
    value, (received,) = found
    assert value == "a pipe"
    assert received.recv(100) == b"from afar"
    assert not os.get_inheritable(received.fileno())
    received.close()
    assert descriptors() <= before


async def test_who_gives_up_ends_the_work(ends: Ends) -> None:
    call = asyncio.create_task(ends.near.call("wait"))
    await eventually(lambda: ends.other.begun)
    call.cancel()
    assert await eventually(ends.other.ended.is_set)


async def test_a_descriptor_that_comes_too_late_is_closed(ends: Ends) -> None:
    before = descriptors()
    call = asyncio.create_task(ends.near.call("wait_and_pipe"))
    await eventually(lambda: ends.other.begun)
    # The answer is on its way before the other end can hear that nobody waits for it.
    ends.other.release.set()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await ends.near.call("echo") == ()
    await eventually(lambda: descriptors() <= before)


async def test_an_answer_has_a_limit(ends: Ends) -> None:
    with pytest.raises(TimedOut):
        await ends.near.call("wait", limit=0.05)
    assert await eventually(ends.other.ended.is_set)


async def test_when_the_other_end_goes_calls_fail_and_work_ends(ends: Ends) -> None:
    call = asyncio.create_task(ends.near.call("wait"))
    await eventually(lambda: ends.other.begun)
    ends.near.close()
    with pytest.raises(Unavailable):
        await call
    await asyncio.wait_for(ends.far.closed.wait(), 30)
    assert await eventually(ends.other.ended.is_set)
    with pytest.raises(Unavailable):
        await ends.near.call("echo")
    ends.near.note("hear", "nobody")


async def test_an_end_that_does_not_read_is_given_up(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_WAITING", 1 << 20)
    ends.far._loop.remove_reader(ends.far._channel._socket.fileno())
    while not ends.near.closed.is_set():
        ends.near.note("hear", "x" * 10_000)
    with pytest.raises(Unavailable):
        await ends.near.call("echo")


async def test_who_can_wait_is_made_to(ends: Ends) -> None:
    while ends.near._channel._writable.is_set():
        ends.near.note("hear", "x" * 10_000)
    await asyncio.wait_for(ends.near.ready(), 30)
    assert not ends.near.closed.is_set()


async def test_garbage_ends_it() -> None:
    one, two = socket.socketpair()
    link = Link(one, WIRE, calls={}, notes={})
    two.send(b"\x00\x00\x00\x04nope")
    await asyncio.wait_for(link.closed.wait(), 30)
    assert two.recv(1) == b""
    two.close()
