"""Connections have seats: in all, by address, from before their handshake to the end of their tunnel."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.proxy import Limits
from firefly.proxy.seats import Seats
from firefly.routes import Access, Route
from firefly.tls.shelf import Shelf
from tests.support.certificates import TestAuthority
from tests.support.waiting import eventually

from .house import HOST, OTHER, Answer, House, Peer, request


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[House]:
    """A house for two."""
    house = House(tmp_path, limits=Limits(connections=2))
    await house.open()
    yield house
    await house.close()


def seats(house: House) -> Seats:
    return house.door._context.seats


async def test_who_finds_no_seat_is_turned_away_and_comes_in_once_there_is_one(narrow: House) -> None:
    first, second = await narrow.client(), await narrow.client()
    await eventually(lambda: seats(narrow).taken == 2)
    assert await (await narrow.client()).is_closed()
    assert narrow.door.counters["turned_away"] == 1
    await first.close()
    await eventually(lambda: seats(narrow).taken == 1)
    assert (await narrow.ask()).status == 200
    second.send(request())
    assert (await second.read_answer()).status == 200


async def test_a_tunnel_keeps_its_seat_to_its_end(narrow: House) -> None:
    async def agree(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        await peer.reader.read()
        await peer.close()

    narrow.upstream.behaviour = agree
    client = await narrow.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "echo"}))
    assert (await client.read_answer()).status == 101
    assert (seats(narrow).taken, len(seats(narrow).hosts)) == (1, 1)
    await client.close()
    await eventually(lambda: seats(narrow).taken == 0)
    assert len(seats(narrow).hosts) == 0


async def test_a_handshake_takes_a_seat_and_gives_it_back(narrow: House, tmp_path: Path) -> None:
    authority = TestAuthority.make(tmp_path / "authority")
    port = await narrow.door.start(host="127.0.0.1", tls=Shelf([authority.issue("app", "localhost")]).context)
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await eventually(lambda: seats(narrow).taken == 2)
    assert await (await narrow.client()).is_closed()
    silent[0][1].close()
    silent[1][1].write(b"GET / HTTP/1.1\r\nHost: this is no handshake\r\n\r\n")
    await eventually(lambda: seats(narrow).taken == 0)
    assert (await narrow.ask()).status == 200
    silent[1][1].close()


async def test_a_proxys_connection_counts_for_whoever_asks_by_it(tmp_path: Path) -> None:
    house = House(tmp_path, limits=Limits(address_connections=1), proxies=("127.0.0.1",))
    await house.open()
    first, second = await house.client(), await house.client()

    async def status(client: Peer, address: str) -> int:
        client.send(request(fields={"X-Forwarded-For": address}))
        return (await client.read_answer()).status

    assert await status(first, "192.0.2.1") == 200
    assert await status(second, "192.0.2.1") == 429
    assert await status(second, "192.0.2.2") == 200
    assert await status(first, "2001:db8::1") == 200
    assert await status(second, "2001:db8::2") == 429, "of one /64"
    assert await status(second, "192.0.2.1") == 200
    await house.close()


async def test_a_host_that_has_its_fill_of_visitors_says_when_to_come_back(tmp_path: Path) -> None:
    house = House(tmp_path, limits=Limits(host_connections=1))
    await house.open()
    house.table.put(Route(OTHER, house.target, uuid4(), Access.MEMBERS))
    first, second = await house.client(), await house.client()

    async def ask(client: Peer, host: str) -> Answer:
        client.send(request(host=host))
        return await client.read_answer()

    assert (await ask(first, HOST)).status == 200
    refused = await ask(second, HOST)
    assert (refused.status, refused.fields["retry-after"]) == (503, "5")
    assert (await ask(second, OTHER)).status == 200
    assert (await ask(second, "localhost")).status == 200, "the app has no such limit"
    await first.close()
    await eventually(lambda: seats(house).taken == 1)
    assert (await ask(second, HOST)).status == 200
    await house.close()
