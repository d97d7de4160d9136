"""Visitors who ask for as many sleeping targets at once, while others use what is awake at a pace of their own."""

import gc
import json
import os
import select
import socket
import sys
import time
from collections import Counter, deque
from pathlib import Path

from ..harness import percentile
from . import browsers, door
from .ends import ADDRESSES
from .paced import Load, arrivals

# Seconds that others are watched; requests per second of theirs.
WATCHED, RATE, CONNECTIONS = 4.0, 1000.0, 64
# Seconds after which the crowd comes; and how many it sends before others have their turn.
COMES, AT_ONCE = 0.5, 10


class Crowd:
    """Half of them are browsers that want a page, half programs that wait."""

    def __init__(self, port: int, size: int) -> None:
        self._poll = select.epoll()
        self._waiting = deque[tuple[socket.socket, bytes]]()
        self._sent: dict[int, socket.socket] = {}
        self._came = time.perf_counter() + COMES
        self.statuses = Counter[str]()
        """How many answers of each."""
        for number in range(size):
            source = f"127.0.1.{number % ADDRESSES + 1}"
            made = socket.create_connection(("127.0.0.1", port), 20, source_address=(source, 0))
            host = door.sleeper(number).host
            request = browsers.script("/", host) if number % 2 else browsers.page("/", host)
            self._waiting.append((made, request))
            self._poll.register(made, select.EPOLLIN)

    def come(self) -> None:
        self._came = time.perf_counter() + COMES

    def turn(self) -> None:
        """Send some requests, take some answers."""
        if time.perf_counter() < self._came:
            return
        for _ in range(min(AT_ONCE, len(self._waiting))):
            connection, request = self._waiting.popleft()
            connection.sendall(request)
            self._sent[connection.fileno()] = connection
        for number, _ in self._poll.poll(0, AT_ONCE):
            connection = self._sent.pop(number)
            self._poll.unregister(number)
            answer = connection.recv(1 << 16)
            self.statuses[answer[9:12].decode()] += 1
            connection.close()


def measure(port: int, size: int, pid: int, heads: str) -> dict[str, object]:
    """Milliseconds at the 99th percentile of others, before and while the crowd is there; bytes for each of it."""
    load = Load(port, Path(heads).read_bytes().split(b"\0"), CONNECTIONS)
    load.run(arrivals(RATE, 1))
    due = arrivals(RATE, WATCHED)
    quiet, _ = load.run(due)
    crowd = Crowd(port, size)
    before = _resident(pid, "VmRSS")
    crowd.come()
    busy, _ = load.run(due, meanwhile=crowd.turn)
    used = _resident(pid, "VmHWM") - before
    quiet.sort()
    busy.sort()
    return {
        "quiet": percentile(quiet, 99) * 1e3,
        "busy": percentile(busy, 99) * 1e3,
        "worst": busy[-1] * 1e3,
        "each": used / size,
        "statuses": crowd.statuses,
    }


def _resident(pid: int, name: str) -> int:
    """Memory that is in use, `VmRSS`, or was at most, `VmHWM`, in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) * 1024


if __name__ == "__main__":
    task = json.load(sys.stdin)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    gc.disable()
    json.dump(measure(**task), sys.stdout)
