"""Both ends of many tunnels, in one process: what their clients send comes back from their targets.

One process, because two of them on one core would spend most of it on waking each other.
"""

import base64
import gc
import hashlib
import json
import select
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..harness import Process
from .browsers import upgrade

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(bytes(16))
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %b\r\n\r\n"
    % base64.b64encode(hashlib.sha1(KEY + GUID).digest())
)
# Opened before the first of them is answered.
AT_ONCE = 50
# Source addresses, so that none has more connections than one visitor may.
ADDRESSES = 90
ROOM = 1 << 18


class Ends:
    """`near` are the clients' ends of the tunnels, `far` the targets'."""

    def __init__(self, listener: socket.socket, port: int, hosts: Sequence[str]) -> None:
        self._listener, self._port = listener, port
        self._requests = [upgrade("/socket", KEY.decode(), host) for host in hosts]
        self.near: list[socket.socket] = []
        self.far: list[socket.socket] = []

    def open(self, number: int) -> None:
        """Raises RuntimeError where a tunnel does not come about."""
        while (left := number - len(self.near)) > 0:
            begun = [self._begin(number - left + more) for more in range(min(left, AT_ONCE))]
            for _ in begun:
                self.far.append(self._accept())
            for client in begun:
                if not _head(client).startswith(b"HTTP/1.1 101 "):
                    raise RuntimeError("The upgrade was refused.")
            self.near += begun

    def _begin(self, number: int) -> socket.socket:
        source = f"127.0.1.{number % ADDRESSES + 1}"
        client = socket.create_connection(("127.0.0.1", self._port), 20, source_address=(source, 0))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(self._requests[number % len(self._requests)])
        return client

    def _accept(self) -> socket.socket:
        target, _ = self._listener.accept()
        target.settimeout(20)
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _head(target)
        target.sendall(AGREED)
        return target


def _head(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        part = connection.recv(4096)
        if not part:
            raise RuntimeError(f"A connection ended: {data!r}")
        data += part
    return data


def frame(size: int, *, masked: bool) -> bytes:
    """A binary message of WebSocket (RFC 6455, 5.2); the mask is zero, the payload too."""
    mask = 0x80 if masked else 0
    length = (
        bytes((mask | size,)) if size < 126
        else bytes((mask | 126,)) + size.to_bytes(2, "big") if size < 1 << 16
        else bytes((mask | 127,)) + size.to_bytes(8, "big")
    )  # fmt: skip
    return b"\x82" + length + bytes(4 if masked else 0) + bytes(size)


class Echo:
    """Each client has one message under way, which its target answers with one of the same size."""

    def __init__(self, ends: Ends, size: int) -> None:
        asked, answered = frame(size, masked=True), frame(size, masked=False)
        self._poll = select.epoll()
        self._ends: dict[int, tuple[socket.socket, bytes, int]] = {}
        self._got: dict[int, int] = {}
        # Both ends belong to one program, so that it sees which target answers which client only by what comes.
        for mine, theirs, out in ((ends.near, answered, asked), (ends.far, asked, answered)):
            for end in mine:
                end.setblocking(False)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                self._ends[end.fileno()] = end, out, len(theirs)
                self._got[end.fileno()] = 0
                self._poll.register(end, select.EPOLLIN)
        self._clients = frozenset(end.fileno() for end in ends.near)
        self._asked = asked

    def start(self) -> None:
        for number in self._clients:
            self._send(number)

    def run(self, seconds: float) -> int:
        """How many messages came back meanwhile."""
        room, got, ends, clients, count = bytearray(ROOM), self._got, self._ends, self._clients, 0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for number, _ in self._poll.poll(1):
                end, out, whole = ends[number]
                received = got[number] + end.recv_into(room)
                if received < whole:
                    got[number] = received
                    continue
                got[number] = 0
                count += number in clients
                if end.send(out) < len(out):
                    raise RuntimeError("A message does not fit into the buffer of its socket.")
        return count

    def _send(self, number: int) -> None:
        end, out, _ = self._ends[number]
        end.send(out)


def echo(ends: Ends, process: Process, *, tunnels: int, size: int, seconds: float) -> dict[str, float]:
    """Messages per second in each direction, CPU of the proxy per message in µs, load of its core and of this one."""
    ends.open(tunnels)
    talk = Echo(ends, size)
    talk.start()
    talk.run(1)
    began, before, own = time.perf_counter(), process.cpu_seconds(), time.process_time()
    count = talk.run(seconds)
    took, used, own = time.perf_counter() - began, process.cpu_seconds() - before, time.process_time() - own
    return {"rate": count / took, "cpu": used / count / 2 * 1e6, "load": used / took, "own": own / took}


def hold(ends: Ends, process: Process, *, tunnels: int, warm: int) -> dict[str, float]:
    """Memory of the proxy per idle tunnel, in bytes; then a line on standard output; a line on standard input ends it.

    `lost`: how many tunnels ended meanwhile, on either side, or do not pass a byte.
    """
    ends.open(warm)
    time.sleep(1)
    before = process.private_bytes()
    ends.open(warm + tunnels)
    # As long as the front door takes to notice what is over.
    time.sleep(2)
    used = process.private_bytes() - before
    print(flush=True)
    sys.stdin.readline()
    for end in ends.far:
        end.sendall(b"?")
    return {"each": used / tunnels, "lost": sum(not _passes(end) for end in ends.near)}


def _passes(end: socket.socket) -> bool:
    try:
        return end.recv(2) == b"?"
    except OSError:
        return False


WORKS: Mapping[str, Callable[..., dict[str, float]]] = {"echo": echo, "hold": hold}


def main() -> None:
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    with socket.create_server(("127.0.0.1", task.pop("upstream")), backlog=1024) as listener:
        listener.settimeout(20)
        ends, process = Ends(listener, task.pop("port"), task.pop("hosts")), Process(task.pop("pid"))
        work = WORKS[task.pop("work")]
        gc.disable()
        json.dump(work(ends, process, **task), sys.stdout)


if __name__ == "__main__":
    main()
