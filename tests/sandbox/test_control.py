"""The control socket, from both ends."""

import asyncio
import json
import os
import selectors
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from firefly.errors import Unavailable
from firefly.sandbox.clients import Clients, listen
from firefly.sandbox.control import Control, fetch_descriptor


class Supervisor:
    """The supervisor's end, turned by hand."""

    def __init__(self, path: Path) -> None:
        self.selector = selectors.DefaultSelector()
        self.listener = listen(path)
        self.clients = Clients(self.selector, self.listener, self.answer)
        self.asked: list[dict[str, Any]] = []

    def answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        self.asked.append(request)
        match request["op"]:
            case "watch":
                self.clients.watchers.add(connection)
            case "echo":
                self.clients.send(connection, {"answer": request["value"]})
            case "descriptor":
                socket.send_fds(connection, [b"."], [self.listener.fileno()])

    def turn(self, seconds: float = 1) -> None:
        for key, _ in self.selector.select(seconds):
            key.data()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def supervisor(path: Path) -> Iterator[Supervisor]:
    made = Supervisor(path)
    yield made
    for key in list(made.selector.get_map().values()):
        if isinstance(key.fileobj, socket.socket):
            key.fileobj.close()
    made.selector.close()


@pytest.fixture
async def control(supervisor: Supervisor, path: Path) -> AsyncIterator[Control]:
    made = Control()
    await made.open(path)
    for _ in range(2):
        await asyncio.to_thread(supervisor.turn)
    yield made
    await made.close()


def test_only_the_owner_may_connect(supervisor: Supervisor, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


async def test_events_reach_whoever_watches(supervisor: Supervisor, control: Control) -> None:
    assert supervisor.asked == [{"op": "watch"}]
    supervisor.clients.tell({"event": "started", "id": "one"})
    await control.decided(2)
    assert control.started.result()["id"] == "one"


async def test_requests_are_answered_in_order(supervisor: Supervisor, control: Control) -> None:
    requests = [asyncio.create_task(control.request("echo", value=number)) for number in range(3)]
    while not all(request.done() for request in requests):
        await asyncio.to_thread(supervisor.turn, 0.05)
    assert [request.result() for request in requests] == [0, 1, 2]


async def test_the_end_of_the_supervisor_is_the_end_of_all_requests(supervisor: Supervisor, control: Control) -> None:
    request = asyncio.create_task(control.request("silence"))
    await asyncio.to_thread(supervisor.turn)
    for watcher in list(supervisor.clients.watchers):
        supervisor.clients.drop(watcher)
    with pytest.raises(Unavailable):
        await request
    assert control.ended.is_set()
    with pytest.raises(Unavailable):
        await control.request("echo", value=1)


@pytest.mark.parametrize("line", [b"not json\n", b"{}\n", b"[1, 2]\n", b'"text"\n', b"\xff\xfe\n"])
def test_what_cannot_be_understood_ends_the_connection_only(supervisor: Supervisor, path: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as rude, socket.socket(socket.AF_UNIX) as polite:
        for one in (rude, polite):
            one.settimeout(30)
            one.connect(str(path))
            supervisor.turn()
        rude.sendall(line)
        supervisor.turn()
        assert rude.recv(10) == b""
        polite.sendall(b'{"op": "echo", "value": 5}\n')
        supervisor.turn()
        assert json.loads(polite.recv(100)) == {"answer": 5}


async def test_a_descriptor_is_handed_over(supervisor: Supervisor, path: Path) -> None:
    fetching = asyncio.create_task(asyncio.to_thread(fetch_descriptor, path, b'{"op": "descriptor"}\n'))
    while not fetching.done():
        await asyncio.to_thread(supervisor.turn, 0.05)
    descriptor = fetching.result()
    assert os.fstat(descriptor).st_ino == os.fstat(supervisor.listener.fileno()).st_ino
    os.close(descriptor)


async def test_without_a_supervisor_there_is_an_error(tmp_path: Path) -> None:
    control = Control()
    with pytest.raises(OSError, match="No such file"):
        await control.open(tmp_path / "nothing.sock")
    await control.close()
