"""Writes that wait for one another: none is lost, doubled or overtaken."""

import asyncio
from typing import cast

import pytest

from firefly.proxy.outbox import AT_ONCE, FEW, Outbox, Sender
from tests.support.waiting import eventually

from .house import House, request


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closing


def sender() -> tuple[Sender, Transport]:
    made, transport = Sender(), Transport()
    made.transport = cast(asyncio.Transport, transport)
    return made, transport


async def turn() -> None:
    """Let what was called soon run."""
    await asyncio.sleep(0)


@pytest.fixture
async def outbox() -> Outbox:
    made = Outbox()
    made.open(asyncio.get_running_loop())
    return made


async def test_what_is_put_is_written_in_the_next_turn_of_the_loop(outbox: Outbox) -> None:
    pairs = [sender() for _ in range(FEW)]
    for number, (each, transport) in enumerate(pairs):
        outbox.put(each, b"%d" % number)
        assert transport.written == []
    await turn()
    assert [transport.written for _, transport in pairs] == [[b"%d" % number] for number in range(FEW)]
    assert [each.pending for each, _ in pairs] == [b""] * FEW


async def test_what_was_flushed_before_is_written_once(outbox: Outbox) -> None:
    each, transport = sender()
    outbox.put(each, b"1")
    each.flush()
    each.transport.write(b"2")
    await turn()
    assert transport.written == [b"1", b"2"]


async def test_nothing_is_written_to_a_transport_that_closes(outbox: Outbox) -> None:
    (closed, transport), (other, open_transport) = sender(), sender()
    outbox.put(closed, b"1")
    outbox.put(other, b"2")
    transport.closing = True
    await turn()
    assert (transport.written, open_transport.written) == ([], [b"2"])


async def test_where_little_goes_on_nothing_waits(outbox: Outbox) -> None:
    each, transport = sender()
    outbox.put(each, b"probe")
    await turn()
    for number in range(AT_ONCE):
        outbox.put(each, b"%d" % number)
        assert transport.written[-1] == b"%d" % number
    outbox.put(each, b"next probe")
    assert transport.written[-1] != b"next probe"
    await turn()
    assert transport.written[-1] == b"next probe"


async def test_many_clients_at_once_each_get_their_own_answers(house: House) -> None:
    clients = [await house.client() for _ in range(40)]
    for turn_ in range(3):
        for number, client in enumerate(clients):
            client.send(request(f"/{turn_}/{number}"))
        for number, client in enumerate(clients):
            assert (await client.read_answer()).body == b"GET /%d/%d HTTP/1.1" % (turn_, number)


async def test_an_answer_that_waits_is_not_lost_when_the_client_sends_no_more(house: House) -> None:
    clients = [await house.client() for _ in range(20)]
    for client in clients:
        client.send(request())
        client.writer.write_eof()
    for client in clients:
        assert (await client.read_answer()).status == 200
        assert await client.is_closed()
    await eventually(lambda: house.door.counters["connections"] == 0)
