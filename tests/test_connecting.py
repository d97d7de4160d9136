"""Connecting to numbers: at once where it is decided at once, else when it is."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from firefly.connecting import connect
from tests.support.ports import free_port


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.setblocking(False)
        yield made


async def test_who_listens_is_reached_and_nobody_else(client: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await connect(client, listener.getsockname())
        assert client.getpeername() == listener.getsockname()
    with socket.socket() as other:
        other.setblocking(False)
        with pytest.raises(ConnectionRefusedError):
            await connect(other, ("127.0.0.1", free_port()))


async def test_it_waits_for_who_is_slow_and_may_be_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as first:
        first.connect(listener.getsockname())
        with socket.socket() as given_up:
            given_up.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await connect(given_up, listener.getsockname())
        with socket.socket() as patient:
            patient.setblocking(False)
            waiting = asyncio.create_task(connect(patient, listener.getsockname()))
            await asyncio.sleep(0)
            assert not waiting.done()
            listener.accept()[0].close()
            async with asyncio.timeout(30):
                await waiting
            assert patient.getpeername() == listener.getsockname()
