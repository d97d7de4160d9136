"""How long a front door keeps one waiting: requests that it answers by itself, at a steady pace, one connection."""

import gc
import json
import socket
import sys
import time
from pathlib import Path

from ..harness import percentile

# Refused before it is looked at for whom it is: nothing but the loop that answers takes time.
REQUEST = b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE = 0.002


def measure(port: int, pid: int, seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds from the moment that each request was due, whether or not the one before was answered.

    `seen` by whoever asks; `own` without what the kernel, busy with others, let the process `pid` wait meanwhile.
    """
    seen, own = list[float](), list[float]()
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(int(seconds / PAUSE)):
            due = began + number * PAUSE
            time.sleep(max(0.0, due - time.perf_counter()))
            waited, asked = _waited(pid), time.perf_counter()
            connection.sendall(REQUEST)
            if not connection.recv(1 << 16).startswith(b"HTTP/1.1 405 "):
                raise RuntimeError("The front door did not answer by itself.")
            answered = time.perf_counter()
            # What the kernel sleeps too long is not the front door's.
            since = due if seen and seen[-1] > PAUSE else asked
            seen.append(answered - since)
            own.append(max(0.0, answered - asked - (_waited(pid) - waited)))
    return {"seen": _summary(seen), "own": _summary(own)}


def _waited(pid: int) -> float:
    """Seconds that the main thread of a process was ready to run and did not."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def _summary(taken: list[float]) -> dict[str, float]:
    taken.sort()
    return {"p99": percentile(taken, 99) * 1e3, "worst": taken[-1] * 1e3}


if __name__ == "__main__":
    gc.disable()
    json.dump(measure(**json.load(sys.stdin)), sys.stdout)
