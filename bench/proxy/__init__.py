"""The front door beside nginx, HAProxy, Caddy and configurable-http-proxy, before one and the same upstream.

The proxy has one core for itself, the load (wrk with the heads of many browsers) and the upstream (nginx, from memory)
share the other. CPU per request is the proxy's user and system time from /proc over the requests that were answered.
Firefly runs with its gate (a grant cookie is checked for every request), the activity clock and a thousand routes;
the peers only forward. Of several rounds the one that cost least counts: it was disturbed least.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

from ..harness import Row, beside, go_first, started
from . import browsers
from .load import Measured, measure
from .peers import PEERS, Peer, upstream_command

UPSTREAM_CORE, PROXY_CORE = 1, 0
ROUNDS, SECONDS = 3, 3
# Of the proxy's core: with less it waited for the load, and what it could do is not known.
FULL = 0.98
CPU = {"nginx": 2.0}
RATE = {"caddy": 2.0, "configurable-http-proxy": 5.0}
MEBIBYTE = "/large"

Results = dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of load, and beside whom Firefly is measured under it (empty: all)."""

    requests: Sequence[bytes]
    connections: int = 64
    peers: tuple[str, ...] = ()


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Row]:
    """Measure all peers that are installed, in turns, and set Firefly beside each."""
    go_first(os.getpid())
    cases = {
        "many": Case(browsers.returning()),
        "strangers": Case(browsers.strangers(), peers=("nginx",)),
        "single": Case(browsers.one("/index.html"), connections=1, peers=("nginx", "haproxy")),
        "large": Case(browsers.one(MEBIBYTE), connections=16, peers=("nginx", "haproxy")),
    }
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = free_port()
        with started(upstream_command(folder / "upstream", port), core=UPSTREAM_CORE, folder=folder, port=port):
            peers = [peer for peer in PEERS if peer.is_installed(folder)]
            found = {kind: _measure(case, peers, folder, port, rounds, seconds) for kind, case in cases.items()}
    return [
        *_many(found["many"]),
        *_strangers(found["strangers"]),
        *_single(found["single"]),
        *_large(found["large"]),
    ]


def _measure(case: Case, peers: Sequence[Peer], folder: Path, upstream: int, rounds: int, seconds: int) -> Results:
    taking = [peer for peer in peers if not case.peers or peer.name in ("firefly", *case.peers)]
    measured: dict[str, list[Measured]] = {peer.name: [] for peer in taking}
    for _ in range(rounds):
        # In turns, so that whatever else the machine does falls on all of them.
        for peer in taking:
            port = free_port()
            own = folder / peer.name
            with started(peer.command(own, port, upstream), core=PROXY_CORE, folder=own, port=port) as process:
                measured[peer.name].append(
                    measure(
                        process, port, case.requests,
                        seconds=seconds, core=UPSTREAM_CORE, connections=case.connections,
                    )
                )  # fmt: skip
    return {name: _best(of) for name, of in measured.items()}


def _best(rounds: Sequence[Measured]) -> Measured:
    return min([of for of in rounds if of.load >= FULL] or rounds, key=lambda of: of.cpu)


def _many(found: Results) -> list[Row]:
    rows, ours = [], found["firefly"]
    for name, of in found.items():
        rows += [
            Row(f"{name}: CPU per request", round(of.cpu, 2), "µs"),
            Row(f"{name}: requests", round(of.rate), "1/s"),
            Row(f"{name}: latency at this load, p50", of.p50, "ms"),
            Row(f"{name}: latency at this load, p99", of.p99, "ms"),
            Row(f"{name}: load of its core", round(of.load * 100, 1), "%"),
        ]
    for name, of in found.items():
        if name == "firefly":
            continue
        void = _not_full(firefly=ours, **{name: of})
        rows += [
            beside(
                f"CPU per request, beside {name}", ours.cpu, "µs", peer=name, peer_value=of.cpu,
                at_most=CPU.get(name), void=void,
            ),
            beside(
                f"requests/s, beside {name}", ours.rate, "1/s", peer=name, peer_value=of.rate,
                at_least=RATE.get(name), void=void,
            ),
        ]  # fmt: skip
    return rows


def _not_full(**of: Measured) -> str:
    """Why a comparison does not count; empty when it does."""
    idle = [f"{name}'s core {of[name].load:.1%} loaded" for name in of if of[name].load < FULL]
    return ", ".join(idle)


def _strangers(found: Results) -> list[Row]:
    ours, nginx = found["firefly"], found["nginx"]
    return [
        beside(
            "CPU per request, fields never seen before", ours.cpu, "µs", peer="nginx", peer_value=nginx.cpu,
            void=_not_full(firefly=ours, nginx=nginx),
        )
    ]  # fmt: skip


def _single(found: Results) -> list[Row]:
    ours = found.pop("firefly")
    return [
        beside(f"latency at one connection, {which}", getattr(ours, which), "ms", peer=name, peer_value=value)
        for name, of in found.items()
        for which in ("p50", "p99")
        if (value := getattr(of, which))
    ]


def _large(found: Results) -> list[Row]:
    ours = found.pop("firefly")
    scale = 2**20 / 1e9
    return [
        beside("1 MiB bodies", ours.rate * scale, "GB/s", peer=name, peer_value=of.rate * scale)
        for name, of in found.items()
    ]
