"""The front door beside nginx, HAProxy, Caddy and configurable-http-proxy, before one and the same upstream.

The proxy has one core for itself, the load (wrk, 64 connections, a browser's head) and the upstream (nginx, 1 KiB
from memory) share the other. CPU per request is the proxy's user and system time from /proc over the requests that
were answered. Firefly runs with its gate (a grant cookie is checked for every request), the activity clock and a
thousand routes; the peers only forward.
"""

import statistics
import tempfile
from pathlib import Path

from ..harness import Row, beside, free_port, started
from .load import Measured, measure
from .peers import PEERS, Peer, upstream_command

UPSTREAM_CORE, PROXY_CORE = 1, 0
ROUNDS, SECONDS = 3, 4
TARGETS = {"nginx": ("cpu", 2.0), "caddy": ("rate", 2.0), "configurable-http-proxy": ("rate", 5.0)}


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Row]:
    """Measure all peers that are installed, in turns, and set Firefly beside each."""
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = free_port()
        with started(upstream_command(folder / "upstream", port), core=UPSTREAM_CORE, folder=folder, port=port):
            found = {peer.name: peer for peer in PEERS if peer.is_installed(folder)}
            results = _rounds(found, folder, port, rounds, seconds)
    return _rows(results)


def _rounds(
    peers: dict[str, Peer], folder: Path, upstream: int, rounds: int, seconds: int
) -> dict[str, list[Measured]]:
    results: dict[str, list[Measured]] = {name: [] for name in peers}
    for _ in range(rounds):
        # In turns, so that whatever else the machine does falls on all of them.
        for name, peer in peers.items():
            port = free_port()
            command = peer.command(folder / name, port, upstream)
            with started(command, core=PROXY_CORE, folder=folder / name, port=port) as process:
                results[name].append(measure(process, port, seconds=seconds, core=UPSTREAM_CORE, cookie=peer.cookie))
    return results


def _rows(results: dict[str, list[Measured]]) -> list[Row]:
    rows = []
    ours = _middle(results["firefly"])
    for name, measured in results.items():
        middle = _middle(measured)
        rows += [
            Row(f"{name}: CPU per request", round(middle.cpu, 2), "µs"),
            Row(f"{name}: requests", round(middle.rate), "1/s"),
            Row(f"{name}: latency at this load, p50", middle.p50, "ms"),
            Row(f"{name}: latency at this load, p99", middle.p99, "ms"),
            Row(f"{name}: load of its core", round(middle.load * 100, 1), "%"),
        ]
        if name == "firefly":
            continue
        kind, factor = TARGETS.get(name, ("", 0.0))
        rows += [
            beside(
                f"CPU per request, beside {name}", ours.cpu, "µs", peer=name, peer_value=middle.cpu,
                at_most=factor if kind == "cpu" else None,
            ),
            beside(
                f"requests/s, beside {name}", ours.rate, "1/s", peer=name, peer_value=middle.rate,
                at_least=factor if kind == "rate" else None,
            ),
        ]  # fmt: skip
    return rows


def _middle(measured: list[Measured]) -> Measured:
    return Measured(*(statistics.median(getattr(m, name) for m in measured) for name in Measured.__slots__))
