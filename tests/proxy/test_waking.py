"""A thousand targets that sleep, asked for at once: all are answered, and nobody else notices."""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.proxy import Limits
from firefly.routes import Access, Route, SandboxTarget, Target
from firefly.testing.dialer import MemoryDialer
from tests.support.waiting import eventually

from .house import House, Peer, request

NUMBER = 1000
AWAKE = "awake--ann.preview.localhost"
# Bytes of this process for each of them, with both ends of both of its connections.
MOST_BYTES = 256 * 1024


class Waking(MemoryDialer):
    """All but those that were `serve`d wait for `morning`."""

    def __init__(self) -> None:
        super().__init__()
        self.morning = asyncio.Event()
        self.woken: list[Target] = []
        self.address: tuple[str, int] | None = None

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if target not in self.addresses:
            self.woken.append(target)
            await self.morning.wait()
            assert self.address is not None
            self.serve(target, self.address, instance=str(len(self.addresses)))
        return await super().dial(target)


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[tuple[House, Waking, list[str]]]:
    dialer = Waking()
    house = House(tmp_path, dialer=dialer, limits=Limits(page_after=0))
    await house.open()
    dialer.address = house.upstream.address
    awake = SandboxTarget(uuid4())
    dialer.serve(awake, house.upstream.address, instance="awake")
    house.table.put(Route(AWAKE, awake, uuid4(), Access.PUBLIC))
    hosts = [f"n{number}--ann.preview.localhost" for number in range(NUMBER)]
    house.table.put(*(Route(host, SandboxTarget(uuid4()), uuid4(), Access.PUBLIC) for host in hosts))
    yield house, dialer, hosts
    await house.close()


@pytest.mark.timeout(180)
@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 5 * NUMBER, reason="needs five thousand descriptors"
)
async def test_a_thousand_sleeping_targets_are_asked_for_at_once(night: tuple[House, Waking, list[str]]) -> None:
    house, dialer, hosts = night
    before = memory()
    clients = [await house.client() for _ in hosts]
    quiet = await slowest(house, 20)
    for number, (client, host) in enumerate(zip(clients, hosts, strict=True)):
        # Every second one is a browser, which looks at a page meanwhile.
        client.send(request(host=host, fields={"Accept": "text/html" if number % 2 else "*/*"}))
    others = asyncio.create_task(slowest(house, 50))
    context = house.door._context
    await eventually(lambda: len(dialer.woken) == NUMBER, within=60)
    assert len(context.waiting) == NUMBER
    await eventually(lambda: len(context.viewers) == NUMBER // 2, within=60)
    assert (memory() - before) / NUMBER < MOST_BYTES
    # Busy machines are slow; a request that waits for a thousand others is slower by far.
    assert await others < max(1.0, 20 * quiet)
    dialer.morning.set()
    answers = await asyncio.gather(*(answer(client) for client in clients))
    assert answers == [200, 503] * (NUMBER // 2)
    assert len(set(dialer.woken)) == len(dialer.woken) == NUMBER, "nothing is woken twice"
    await eventually(lambda: not context.waiting and not context.held and not context.viewers, within=60)
    assert context.watches._of == {}


async def answer(client: Peer) -> int:
    """The status, once all of the answer is there."""
    return (await client.read_answer()).status


async def slowest(house: House, number: int) -> float:
    """Seconds that so many requests to what is awake took, one after the other: all but two took no longer.

    A machine may stand still for a moment, which is no fault of the door's.
    """
    client, taken = await house.client(), []
    for _ in range(number):
        began = time.perf_counter()
        client.send(request(host=AWAKE))
        assert (await client.read_answer()).status == 200
        taken.append(time.perf_counter() - began)
    with contextlib.suppress(ConnectionError):
        await client.close()
    return sorted(taken)[-3]


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
