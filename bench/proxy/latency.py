"""What a proxy adds to the time that an answer takes: by one connection, and at half of what it can do at most."""

from collections.abc import Mapping
from typing import Any

from ..harness import Row, beside
from . import browsers
from .load import measure
from .peers import Peer
from .rig import UPSTREAM_CORE, Rig, paced

MOST = 1.5
CONNECTIONS = 64
# Later than this, in ms at the 99th percentile, the load itself was what requests waited for.
LATE = 0.5

Times = dict[str, float]


def rows(rig: Rig, peaks: Mapping[str, float]) -> list[Row]:
    """`peaks` in requests per second, for each proxy that is to be measured at half of it."""
    peers = rig.installed(("firefly", "nginx"))
    alone = _single(rig, None)
    single = {peer.name: (_single(rig, peer), alone) for peer in peers}
    # Without a proxy at the same rate, because at a higher one the upstream takes longer as well.
    loaded = {
        peer.name: (_paced(rig, peer, peaks[peer.name] / 2), _paced(rig, None, peaks[peer.name] / 2)) for peer in peers
    }
    return [*_added("at one connection", single), *_added("at half of its peak load", loaded)]


def _single(rig: Rig, peer: Peer | None) -> Times:
    found = []
    for _ in range(rig.rounds):
        with rig.proxy(peer) as (process, port):
            requests = browsers.one("/index.html")
            found.append(measure(process, port, requests, seconds=rig.seconds, core=UPSTREAM_CORE, connections=1))
    return {"p50": min(of.p50 for of in found), "p99": min(of.p99 for of in found), "late": 0.0}


def _paced(rig: Rig, peer: Peer | None, rate: float) -> Times:
    heads = rig.folder / "heads"
    heads.write_bytes(b"\0".join(browsers.returning()))
    found: list[dict[str, Any]] = []
    for _ in range(rig.rounds):
        with rig.proxy(peer) as (_, port):
            found.append(paced(port, heads, rate=rate, seconds=rig.seconds, connections=CONNECTIONS))
    return {name: min(of[name] for of in found) for name in ("p50", "p99", "late")}


def _added(where: str, found: Mapping[str, tuple[Times, Times]]) -> list[Row]:
    if "nginx" not in found:
        return []
    late = max(times["late"] for pair in found.values() for times in pair)
    void = f"the load was {late:.1f} ms late" if late > LATE else ""
    added = {
        name: {which: proxied[which] - direct[which] for which in ("p50", "p99")}
        for name, (proxied, direct) in found.items()
    }
    ours, nginx = added["firefly"], added["nginx"]
    return [
        beside(
            f"latency added {where}, {which}", ours[which], "ms", peer="nginx", peer_value=nginx[which],
            at_most=MOST, void=void or _lost(ours[which], nginx[which]),
        )
        for which in ("p50", "p99")
    ]  # fmt: skip


def _lost(ours: float, nginx: float) -> str:
    """Why a comparison does not count: what is added is less than what the upstream's own time varies by."""
    return "" if min(ours, nginx) > 0 else "less than nothing was added"
