"""Ports of this machine for servers that are told theirs before they start."""

import random
import socket
from pathlib import Path

_LOWEST = 10_000


def free_port() -> int:
    """A port of the loopback that nobody has, and that no client is given meanwhile: below the kernel's own range."""
    own = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(_LOWEST, max(own, _LOWEST + 1000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
