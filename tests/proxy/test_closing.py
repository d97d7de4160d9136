"""How the front door is taken down."""

import asyncio

import pytest

from tests.support.waiting import eventually

from .house import House, Peer, ok, request


async def test_what_runs_may_end(house: House) -> None:
    release = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.read_request()
        await release.wait()
        peer.send(ok(b"at last"))

    house.upstream.behaviour = slow
    busy, idle = await house.client(), await house.client()
    busy.send(request())
    idle.send(request("/.firefly/x"))
    await idle.read_answer()
    closing = asyncio.create_task(house.door.close(drain=300))
    assert await idle.is_closed(), "between two requests nothing is lost"
    with pytest.raises(ConnectionError):
        await house.client()
    release.set()
    answer = await busy.read_answer()
    assert (answer.body, answer.fields["connection"]) == (b"at last", "close")
    await asyncio.wait_for(closing, 30)


async def test_what_does_not_end_is_cut_off(house: House) -> None:
    async def never(peer: Peer) -> None:
        await peer.read_request()
        await asyncio.Event().wait()

    house.upstream.behaviour = never
    client = await house.client()
    client.send(request())
    await asyncio.sleep(0)
    await asyncio.wait_for(house.door.close(drain=0.2), 30)
    assert await client.is_closed()


async def test_closing_ends_dials(house: House) -> None:
    house.dialer.delay = 60
    client = await house.client()
    client.send(request())
    await asyncio.wait_for(house.door.close(drain=0.1), 30)
    assert await client.is_closed()
    assert house.door.counters["held"] == 0


class TestTunnels:
    @pytest.fixture
    async def tunnel(self, house: House) -> Peer:
        async def echo(peer: Peer) -> None:
            await peer.read_request()
            peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            while data := await peer.reader.read(100):
                peer.send(data)
            await peer.close()

        house.upstream.behaviour = echo
        client = await house.client()
        client.send(request(fields={"Connection": "Upgrade", "Upgrade": "echo"}))
        assert (await client.read_answer()).status == 101
        return client

    async def test_it_goes_on_until_it_ends(self, house: House, tunnel: Peer) -> None:
        closing = asyncio.create_task(house.door.close(drain=0, tunnels=300))
        await eventually(lambda: house.door.counters["connections"] == 0)
        tunnel.send(b"still here")
        assert await tunnel.reader.readexactly(10) == b"still here"
        assert not closing.done()
        await tunnel.close()
        await asyncio.wait_for(closing, 30)

    async def test_it_is_cut_at_its_limit(self, house: House, tunnel: Peer) -> None:
        await asyncio.wait_for(house.door.close(drain=300, tunnels=0.1), 30)
        assert await tunnel.is_closed()
