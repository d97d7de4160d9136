"""What one request costs: CPU per request beside nginx and HAProxy, requests per second beside all."""

from collections.abc import Sequence

from ..harness import Row, beside
from . import browsers
from .load import Measured, measure
from .rig import UPSTREAM_CORE, Rig, best, not_full

MOST_CPU = {"nginx": 1.5, "haproxy": 1.5}
LEAST_RATE = {"caddy": 3.0, "configurable-http-proxy": 8.0}
ALL = ("firefly", "nginx", "haproxy", "caddy", "configurable-http-proxy")
CONNECTIONS = (64, 512)

Results = dict[str, Measured]


def rows(rig: Rig, peaks: dict[str, float]) -> list[Row]:
    """`peaks` gets what each proxy reached, in requests per second, for who wants half of it."""
    made = []
    for connections in CONNECTIONS:
        found = in_turns(rig, browsers.returning(), connections=connections, peers=ALL)
        peaks |= {name: max(of.rate, peaks.get(name, 0)) for name, of in found.items()}
        made += _beside_all(found, connections)
    found = in_turns(rig, browsers.strangers(), connections=64, peers=("firefly", "nginx"))
    return [*made, *_strangers(found)]


def in_turns(
    rig: Rig, requests: Sequence[bytes], *, connections: int, peers: Sequence[str], upstream: int | None = None
) -> Results:
    """The best round of each peer that is installed."""
    measured: dict[str, list[Measured]] = {}
    for _ in range(rig.rounds):
        # In turns, so that whatever else the machine does falls on all of them.
        for peer in rig.installed(peers):
            with rig.proxy(peer, upstream=upstream) as (process, port):
                measured.setdefault(peer.name, []).append(
                    measure(
                        process, port, requests, seconds=rig.seconds, core=UPSTREAM_CORE, connections=connections
                    )
                )  # fmt: skip
    return {name: best(of) for name, of in measured.items()}


def _beside_all(found: Results, connections: int) -> list[Row]:
    made, ours, at = [], found["firefly"], f"{connections} connections"
    for name, of in found.items():
        made += [
            Row(f"{name}, {at}: CPU per request", round(of.cpu, 2), "µs"),
            Row(f"{name}, {at}: requests", round(of.rate), "1/s"),
            Row(f"{name}, {at}: latency, p99", of.p99, "ms"),
            Row(f"{name}, {at}: load of its core", round(of.load * 100, 1), "%"),
        ]
    for name, of in found.items():
        if name == "firefly":
            continue
        void = not_full(firefly=ours, **{name: of})
        made += [
            beside(
                f"CPU per request, {at}", ours.cpu, "µs", peer=name, peer_value=of.cpu,
                at_most=MOST_CPU.get(name), void=void,
            ),
            beside(
                f"requests/s, {at}", ours.rate, "1/s", peer=name, peer_value=of.rate,
                at_least=LEAST_RATE.get(name), void=void,
            ),
        ]  # fmt: skip
    return made


def _strangers(found: Results) -> list[Row]:
    if "nginx" not in found:
        return []
    ours, nginx = found["firefly"], found["nginx"]
    void = not_full(firefly=ours, nginx=nginx)
    name = "CPU per request, fields never seen before"
    return [beside(name, ours.cpu, "µs", peer="nginx", peer_value=nginx.cpu, void=void)]
