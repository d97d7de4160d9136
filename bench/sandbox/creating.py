"""From `POST /projects` to the first 200 of the new project's preview, beside JupyterHub's local spawner.

One at a time means that two seconds pass in between, as between people; back to back and all at once are bursts, which
the pool of prepared sandboxes cannot follow. JupyterHub starts a single-user server (jupyter_server, no lab) for a new
user each time, by its API, and is asked until that server answers 200 through its proxy.
"""

import asyncio
import statistics

from ..harness import Row, beside, limited, percentile, skipped
from ..jupyterhub import spawned
from .house import PAUSE, House, repeated, serving, timed

ROUNDS, BURST, PEER_ROUNDS = 50, 20, 10
SETTLED = 5.0
NAME = "create to first 200"


def rows() -> list[Row]:
    single, burst, crowd = asyncio.run(_firefly())
    made = [
        limited(f"{NAME}, one at a time, p50", percentile(single, 50), "ms", at_most=150),
        limited(f"{NAME}, one at a time, p99", percentile(single, 99), "ms", at_most=500),
        limited(f"{NAME}, back to back, p50", percentile(burst, 50), "ms"),
        limited(f"{NAME}, back to back, p99", percentile(burst, 99), "ms"),
        limited(f"{NAME}, {BURST} at once, p99", percentile(crowd, 99), "ms", at_most=1000),
    ]
    peer = spawned(PEER_ROUNDS)
    if not peer:
        return [*made, skipped(f"{NAME}, p50, beside jupyterhub", "it could not be installed")]
    value, other = percentile(single, 50), statistics.median(peer)
    return [*made, beside(f"{NAME}, p50", value, "ms", peer="jupyterhub", peer_value=other, at_most=0.1)]


async def _firefly() -> tuple[list[float], list[float], list[float]]:
    async with serving() as house:
        single = await repeated(ROUNDS, PAUSE, lambda number: timed(_create(house, f"single-{number}x")))
        burst = await repeated(BURST, 0, lambda number: timed(_create(house, f"burst-{number}x")))
        # Each project is saved for the first time some seconds later; that of the last is no part of what follows.
        await asyncio.sleep(SETTLED)
        crowd = await asyncio.gather(*(timed(_create(house, f"crowd-{number}x")) for number in range(BURST)))
    return single, burst, sorted(crowd)


async def _create(house: House, name: str) -> None:
    await (await house.create(name, "static")).shown()
