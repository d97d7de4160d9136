"""Bodies of 1 MiB, both ways, beside HAProxy, nginx and a plain proxy of aiohttp."""

from tests.support.ports import free_port

from ..harness import Row, beside, started
from . import browsers
from .peers import module_command
from .requests import Results, in_turns
from .rig import UPSTREAM_CORE, Rig, not_full

MEBIBYTE = 1 << 20
CONNECTIONS = 16
PEERS = ("firefly", "nginx", "haproxy", "aiohttp")
LEAST = {"haproxy": 1.0, "aiohttp": 1.0}


def rows(rig: Rig) -> list[Row]:
    down = in_turns(rig, browsers.one("/large"), connections=CONNECTIONS, peers=PEERS)
    port, folder = free_port(), rig.folder / "sink"
    with started(module_command("sink", port=port), core=UPSTREAM_CORE, folder=folder, port=port):
        requests = [browsers.upload("/upload", MEBIBYTE)]
        up = in_turns(rig, requests, connections=CONNECTIONS, peers=PEERS, upstream=port)
    return [*_beside_all("download", down), *_beside_all("upload", up)]


def _beside_all(kind: str, found: Results) -> list[Row]:
    ours, scale = found["firefly"], MEBIBYTE / 1e9
    return [
        beside(
            f"1 MiB {kind}", ours.rate * scale, "GB/s", peer=name, peer_value=of.rate * scale,
            at_least=LEAST.get(name), void=not_full(firefly=ours, **{name: of}),
        )
        for name, of in found.items()
        if name != "firefly"
    ]  # fmt: skip
