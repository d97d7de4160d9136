"""WebSocket messages through a hundred tunnels, each of which has one under way: as fast as they come back."""

from typing import Any

from tests.support.ports import free_port

from ..harness import Row, beside
from .door import HOST
from .rig import FULL, Rig, program

TUNNELS = 100
SIZES = {"128 B": 128, "64 KiB": 64 * 1024}
LEAST = 0.8


def rows(rig: Rig) -> list[Row]:
    made = []
    for name, size in SIZES.items():
        found = _in_turns(rig, size)
        if "nginx" not in found:
            continue
        ours, nginx = found["firefly"], found["nginx"]
        made += [
            beside(
                f"WebSocket messages of {name}, there and back", ours["rate"], "1/s", peer="nginx",
                peer_value=nginx["rate"], at_least=LEAST, void=_not_full(found),
            ),
            beside(f"CPU per WebSocket message of {name}", ours["cpu"], "µs", peer="nginx", peer_value=nginx["cpu"]),
        ]  # fmt: skip
    return made


def _in_turns(rig: Rig, size: int) -> dict[str, dict[str, float]]:
    measured: dict[str, list[dict[str, Any]]] = {}
    for _ in range(rig.rounds):
        for peer in rig.installed(("firefly", "nginx")):
            upstream = free_port()
            with rig.proxy(peer, upstream=upstream) as (process, port):
                found = program(
                    "ends", work="echo", port=port, hosts=[HOST], upstream=upstream, pid=process.pid,
                    tunnels=TUNNELS, size=size, seconds=rig.seconds,
                )  # fmt: skip
                measured.setdefault(peer.name, []).append(found)
    return {name: min(of, key=lambda round: float(round["cpu"])) for name, of in measured.items()}


def _not_full(found: dict[str, dict[str, float]]) -> str:
    """Why the comparison does not count: the load, whose share of its core is told too, had more to do."""
    return ", ".join(
        f"{name}'s core {of['load']:.1%} loaded, the load's {of['own']:.1%}"
        for name, of in found.items()
        if of["load"] < FULL
    )
