"""From `POST /projects` to the first 200 of the new project's preview, beside JupyterHub's local spawner.

Firefly's project is the static template; its preview is asked until it answers 200. One at a time means that two
seconds pass in between, as between people; back to back is a burst, which the pool of prepared sandboxes cannot follow.
JupyterHub starts a single-user server (jupyter_server, no lab) for a new user each time, by its API, and is asked
until that server answers 200 through its proxy.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from tests.support.previews import ask
from tests.support.server import LiveServer, create_project

from .harness import Row, beside
from .jupyterhub import spawned

ROUNDS, BURST, PEER_ROUNDS = 50, 20, 10
PAUSE = 2.0
LIMIT = 30.0


def run(*, rounds: int = ROUNDS) -> list[Row]:
    single, burst = asyncio.run(_firefly(rounds))
    rows = [
        _row("one at a time, p50", _percentile(single, 50), 150),
        _row("one at a time, p99", _percentile(single, 99), 500),
        _row("back to back, p50", _percentile(burst, 50)),
        _row("back to back, p99", _percentile(burst, 99)),
    ]
    peer = spawned(PEER_ROUNDS)
    if peer:
        value, other = _percentile(single, 50), statistics.median(peer)
        rows.append(beside("create to first 200, p50", value, "ms", peer="jupyterhub", peer_value=other, at_most=0.1))
    return rows


def _row(name: str, value: float, target: float | None = None) -> Row:
    words, ok = (f"≤ {target:g} ms", value <= target) if target else ("", None)
    return Row(f"create to first 200, {name}", round(value, 1), "ms", target=words, ok=ok)


def _percentile(values: list[float], percent: int) -> float:
    """By the nearest rank, so that the 99th of fifty is the slowest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def _firefly(rounds: int) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name, LiveServer(Path(name)) as server:
        async with server.client() as client:
            await asyncio.sleep(PAUSE)
            single = await _repeat(rounds, PAUSE, _creation(server, client, "single"))
            burst = await _repeat(BURST, 0, _creation(server, client, "burst"))
    return single, burst


async def _repeat(rounds: int, pause: float, once: Callable[[int], Awaitable[float]]) -> list[float]:
    values = []
    for number in range(rounds):
        values.append(await once(number))
        await asyncio.sleep(pause)
    return values


def _creation(server: LiveServer, client: aiohttp.ClientSession, kind: str) -> Callable[[int], Awaitable[float]]:
    async def once(number: int) -> float:
        began = time.perf_counter()
        project = await create_project(client, f"{kind}-{number}x", "static")
        async with asyncio.timeout(LIMIT):
            while (await ask(client, project["urls"]["preview"], server.token)).status != 200:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.002)
        return (time.perf_counter() - began) * 1000

    return once
