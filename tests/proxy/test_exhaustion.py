"""A front door that runs out of descriptors, in a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.waiting import eventually

from .house import Peer, Recorder, answer_ok, request

ROOT = Path(__file__).parents[2]
DESCRIPTORS = 64
TICKS = os.sysconf("SC_CLK_TCK")


class Cramped:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self._port = port
        self._clients: list[Peer] = []

    @classmethod
    async def start(cls, upstream: int) -> "Cramped":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.proxy.cramped", str(DESCRIPTORS), str(upstream),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
        )  # fmt: skip
        return cls(process, int(await cls._line(process)))

    @staticmethod
    async def _line(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            return (await process.stdout.readline()).decode()

    async def counters(self) -> tuple[int, int]:
        """How often it had nothing left for another connection, and how many it has."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        exhausted, connections = (await self._line(self._process)).split()
        return int(exhausted), int(connections)

    async def connect(self) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self._port))
        self._clients.append(peer)
        return peer

    @property
    def seconds(self) -> float:
        """Of processor time that it has taken so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    async def stop(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


@pytest.fixture
async def cramped() -> AsyncIterator[Cramped]:
    upstream = Recorder(answer_ok)
    await upstream.open()
    door = await Cramped.start(upstream.address[1])
    yield door
    await door.stop()
    await upstream.close()


async def status(client: Peer) -> int:
    client.send(request())
    return (await client.read_answer()).status


async def test_without_descriptors_it_serves_those_it_has_and_comes_to_rest(cramped: Cramped) -> None:
    first = await cramped.connect()
    assert await status(first) == 200
    crowd = [await cramped.connect() for _ in range(2 * DESCRIPTORS)]

    async def exhausted(times: int) -> bool:
        return (await cramped.counters())[0] >= times

    await eventually(lambda: exhausted(1))
    seconds = cramped.seconds
    # Some turns of its clock: who spins takes all of that time.
    await eventually(lambda: exhausted(5))
    assert cramped.seconds - seconds < 0.5
    for client in (first, crowd[0], first):
        assert await status(client) == 200, "with descriptors for the way to its target"
    for client in crowd:
        client.writer.transport.abort()

    async def is_alone() -> bool:
        return (await cramped.counters())[1] == 1

    await eventually(is_alone)
    assert await status(await cramped.connect()) == 200
    assert await status(first) == 200
