"""Sockets inside sandboxes: whose they are, and that none is left behind."""

import asyncio
import os
import socket
import threading
from pathlib import Path

import pytest

from firefly.errors import InvalidInput, Unavailable
from firefly.sandbox.dialing import Dialer, HelperSource, HostSource, JoiningSource, SocketSource
from tests.support.waiting import eventually


def own_namespace() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def test_a_source_that_is_closed_joins_nothing_even_where_its_number_was_given_anew() -> None:
    number = own_namespace()
    source = JoiningSource(number)
    source.close()
    # As the next sandbox's descriptor would be.
    other = own_namespace()
    try:
        if other != number:
            os.dup2(other, number, inheritable=False)
        with pytest.raises(OSError, match="setns"):
            source.make(socket.AF_INET)
        source.close()
        assert os.fstat(number), "closing twice must not close what is another's by now"
    finally:
        for descriptor in {other, number}:
            os.close(descriptor)


class Gated(SocketSource):
    """Makes a socket when the test lets it."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.made: list[socket.socket] = []

    def make(self, family: socket.AddressFamily) -> socket.socket:
        self.begun.set()
        self.gate.wait(30)
        self.made.append(socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        return self.made[-1]


async def test_a_socket_that_comes_too_late_is_closed() -> None:
    dialer, source = Dialer(), Gated()
    connecting = asyncio.create_task(dialer.connect(source, 3000))
    await asyncio.to_thread(source.begun.wait, 30)
    connecting.cancel()
    await asyncio.wait([connecting])
    source.gate.set()
    await eventually(lambda: source.made and source.made[0].fileno() < 0)
    dialer.close()
    assert connecting.cancelled()


async def test_a_port_is_tried_on_both_loopbacks() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        dialer = Dialer()
        with await dialer.connect(HostSource(port), port) as made:
            assert made.getpeername()[:2] == ("::1", port)
        dialer.close()


async def test_what_is_no_port_or_not_its_own_is_refused() -> None:
    dialer = Dialer()
    with pytest.raises(InvalidInput):
        await dialer.connect(HostSource(0), 0)
    with pytest.raises(Unavailable, match="only the application's own port"):
        await dialer.connect(HostSource(3000), 3001)
    dialer.close()


async def test_a_sandbox_that_has_ended_is_unavailable(tmp_path: Path) -> None:
    dialer = Dialer()
    with pytest.raises(Unavailable, match="ended"):
        await dialer.connect(HelperSource(tmp_path / "gone.sock"), 3000)
    dialer.close()
