"""Who talks to a supervisor: connections on its control socket, a line of JSON each way.

Standard library only: runs in the supervisor.
"""

import contextlib
import json
import selectors
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

MAX_REQUEST = 4096
SEND_LIMIT = 2.0


def listen(path: Path) -> socket.socket:
    """A listening unix socket that only its owner may connect to."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(128)
    return listener


class Clients:
    """`answer` is called with each request and its connection; what it cannot understand ends the connection.

    `watchers` are the connections that `tell` reaches.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        listener: socket.socket,
        answer: Callable[[socket.socket, dict[str, Any]], None],
    ) -> None:
        self.watchers: set[socket.socket] = set()
        self._selector = selector
        self._listener = listener
        self._answer = answer
        self._begun: dict[socket.socket, bytes] = {}
        """All connections, each with what has come of a line that is not whole yet."""
        selector.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(SEND_LIMIT)
        self._begun[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ, partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            data = connection.recv(MAX_REQUEST)
            *lines, begun = (self._begun[connection] + data).split(b"\n")
            if data and len(begun) <= MAX_REQUEST:
                self._begun[connection] = begun
                for line in lines:
                    self._answer(connection, json.loads(line))
                return
        self.drop(connection)

    def send(self, connection: socket.socket, message: dict[str, Any]) -> None:
        try:
            connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.drop(connection)

    def drop(self, connection: socket.socket) -> None:
        if connection in self._begun:
            del self._begun[connection]
            self.watchers.discard(connection)
            self._selector.unregister(connection)
            connection.close()

    def tell(self, message: dict[str, Any]) -> None:
        for connection in list(self.watchers):
            self.send(connection, message)
