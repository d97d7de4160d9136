"""A load that does not wait for answers: requests come when they are due, and are timed from that moment.

A load that sends the next request after the last answer slows down with what it measures, and hides the worst of it.
Here the arrivals are drawn beforehand (as of many people who know nothing of one another), each takes a connection
that is free, and waits for one if none is; what it waited counts.
"""

import gc
import json
import os
import random
import re
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..harness import percentile

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
# Seconds to wait for the last answers.
PATIENCE = 20.0


class Load:
    def __init__(self, port: int, requests: Sequence[bytes], connections: int, *, status: int = 200) -> None:
        self._requests = requests
        self._expected = b"HTTP/1.1 %d " % status
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        for _ in range(connections):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(False)
            self._sockets[made.fileno()] = made
            self._poll.register(made, select.EPOLLIN)
        self._held: dict[int, bytes] = {}

    def run(
        self, due: Sequence[float], *, meanwhile: Callable[[], None] = lambda: None
    ) -> tuple[list[float], list[float]]:
        """Send a request at each moment (seconds from now). Seconds that each took, and that each was sent late.

        `meanwhile` is called again and again, and should take no longer than what is measured.
        Raises RuntimeError for an answer of another status, a connection that ends and answers that do not come.
        """
        clock, idle, since, at = time.perf_counter, deque(self._sockets), dict[int, float](), 0
        taken, late = list[float](), list[float]()
        began, total = clock(), len(due)
        while len(taken) < total:
            meanwhile()
            now = clock() - began
            while at < total and idle and due[at] <= now:
                number = idle.popleft()
                self._sockets[number].send(self._requests[at % len(self._requests)])
                since[number] = due[at]
                late.append(now - due[at])
                at += 1
            for number, _ in self._poll.poll(0):
                if self._ended(number):
                    taken.append(clock() - began - since.pop(number))
                    idle.append(number)
            if now > due[-1] + PATIENCE:
                raise RuntimeError(f"{total - len(taken)} of {total} requests were not answered.")
        return taken, late

    def _ended(self, number: int) -> bool:
        """Whether the answer on this connection is now all there."""
        data = self._held.pop(number, b"") + self._sockets[number].recv(65536)
        if not data:
            raise RuntimeError("A connection was closed.")
        end = data.find(b"\r\n\r\n") + 4
        found = LENGTH.search(data, 0, end) if end > 3 else None
        if found is None or len(data) < end + int(found[1]):
            self._held[number] = data
            return False
        if not data.startswith(self._expected):
            raise RuntimeError(f"Not as expected: {data[:80]!r}")
        return True


def arrivals(rate: float, seconds: float) -> list[float]:
    """Moments in seconds, the same for whoever is measured."""
    drawn, now = random.Random(7), 0.0
    moments = []
    while (now := now + drawn.expovariate(rate)) < seconds:
        moments.append(now)
    return moments


def measure(port: int, requests: Sequence[bytes], *, rate: float, seconds: float, connections: int, status: int) -> Any:
    load = Load(port, requests, connections, status=status)
    load.run(arrivals(rate / 2, 0.5))
    taken, late = (sorted(values) for values in load.run(arrivals(rate, seconds)))
    return {
        "p50": percentile(taken, 50) * 1e3,
        "p99": percentile(taken, 99) * 1e3,
        "worst": taken[-1] * 1e3,
        "late": percentile(late, 99) * 1e3,
    }


def main() -> None:
    """Milliseconds, for the task on standard input."""
    task = json.load(sys.stdin)
    requests = Path(task.pop("requests")).read_bytes().split(b"\0")
    # It looks at the clock all the time: whatever else wants this core, the upstream first, goes before it.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    gc.disable()
    json.dump(measure(requests=requests, **task), sys.stdout)


if __name__ == "__main__":
    main()
