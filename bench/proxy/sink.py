"""An upstream that reads bodies to their end before it answers, and costs little: the kernel throws them away."""

import json
import re
import select
import socket
import sys

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
SIZE = 1 << 20


class Sink:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._poll = select.epoll()
        self._poll.register(listener, select.EPOLLIN)
        self._room = bytearray(SIZE)
        self._connections: dict[int, socket.socket] = {}
        self._begun: dict[int, bytes] = {}
        self._left: dict[int, int] = {}
        """Bytes of a body that are still to come."""

    def serve(self) -> None:
        while True:
            for number, _ in self._poll.poll():
                if number == self._listener.fileno():
                    self._accept()
                elif not self._read(number, self._connections[number]):
                    self._connections.pop(number).close()
                    self._begun.pop(number, None)
                    self._left.pop(number, None)

    def _accept(self) -> None:
        made, _ = self._listener.accept()
        self._connections[made.fileno()] = made
        self._poll.register(made, select.EPOLLIN)

    def _read(self, number: int, connection: socket.socket) -> bool:
        """Whether the connection lives on."""
        left = self._left.get(number, 0)
        try:
            if left:
                count = connection.recv_into(self._room, min(left, SIZE), socket.MSG_TRUNC)
                if not count:
                    return False
            else:
                part = connection.recv(4096)
                if not part:
                    return False
                data = self._begun.pop(number, b"") + part
                head, end, body = data.partition(b"\r\n\r\n")
                found = LENGTH.search(head + b"\r\n") if end else None
                if found is None:
                    self._begun[number] = data
                    return True
                left, count = int(found[1]), len(body)
        except OSError:
            return False
        self._left[number] = left - count
        if left == count:
            connection.sendall(ANSWER)
        return True


def main(port: int) -> None:
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener:
        Sink(listener).serve()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
