"""The supervisor's side of its control socket: lines, whole or in pieces."""

import json
import selectors
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firefly.sandbox.clients import MAX_REQUEST, Clients, listen


class Desk:
    """A `Clients` that echoes the number of each request unless it is quiet, turned by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.selector = selectors.DefaultSelector()
        self.listener = listen(path)
        self.asked: list[Any] = []
        self.clients = Clients(self.selector, self.listener, self._answer)

    def _answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        self.asked.append(request["number"])
        if not request.get("quiet"):
            self.clients.send(connection, {"answer": request["number"]})

    def turn(self) -> None:
        while found := self.selector.select(0):
            for key, _ in found:
                key.data()

    def connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(30)
        made.connect(str(self.path))
        self.turn()
        return made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "c.sock")
    yield made
    for connection in list(made.clients._begun):
        made.clients.drop(connection)
    made.listener.close()
    made.selector.close()


def line(number: int, **options: bool) -> bytes:
    return json.dumps({"number": number, **options}).encode() + b"\n"


def test_a_line_in_pieces_is_one_request(desk: Desk) -> None:
    with desk.connect() as client:
        for byte in line(1):
            client.send(bytes([byte]))
            desk.turn()
        assert desk.asked == [1]
        assert client.recv(100) == b'{"answer": 1}\n'


def test_more_requests_than_one_read_takes_are_all_understood(desk: Desk) -> None:
    """As when the supervisor was busy for a while: it must not take a line that was cut for the end."""
    with desk.connect() as client:
        client.sendall(b"".join(line(number, quiet=True) for number in range(500)))
        desk.turn()
        assert desk.asked == list(range(500))


@pytest.mark.parametrize("data", [b"nonsense\n", b"[]\n", b"{}\n", b"\xff\n", b"x" * (2 * MAX_REQUEST)])
def test_what_cannot_be_understood_ends_the_connection_and_no_other(desk: Desk, data: bytes) -> None:
    with desk.connect() as odd, desk.connect() as good:
        odd.sendall(data)
        desk.turn()
        assert _is_closed(odd)
        good.sendall(line(2))
        desk.turn()
        assert good.recv(100) == b'{"answer": 2}\n'


def test_watchers_are_told_and_those_that_are_gone_forgotten(desk: Desk) -> None:
    with desk.connect() as client:
        gone = desk.connect()
        desk.clients.watchers.update(desk.clients._begun)
        gone.close()
        desk.turn()
        desk.clients.tell({"event": "ended"})
        assert client.recv(100) == b'{"event": "ended"}\n'
        assert len(desk.clients.watchers) == 1


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True
