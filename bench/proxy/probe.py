"""How long a front door keeps one waiting: requests that it answers by itself, at a steady pace, one connection."""

import gc
import json
import socket
import sys
import time

from .paced import percentile

# Refused before it is looked at for whom it is: nothing but the loop that answers takes time.
REQUEST = b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE = 0.002


def measure(port: int, seconds: float) -> dict[str, float]:
    """Milliseconds from the moment that each request was due, whether or not the one before was answered."""
    taken = list[float]()
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(int(seconds / PAUSE)):
            due = began + number * PAUSE
            time.sleep(max(0.0, due - time.perf_counter()))
            # What the kernel sleeps too long is not the front door's.
            due = max(due, time.perf_counter()) if not taken or taken[-1] < PAUSE else due
            connection.sendall(REQUEST)
            if not connection.recv(1 << 16).startswith(b"HTTP/1.1 405 "):
                raise RuntimeError("The front door did not answer by itself.")
            taken.append(time.perf_counter() - due)
    taken.sort()
    return {"p50": percentile(taken, 50) * 1e3, "p99": percentile(taken, 99) * 1e3, "worst": taken[-1] * 1e3}


if __name__ == "__main__":
    gc.disable()
    json.dump(measure(**json.load(sys.stdin)), sys.stdout)
