"""From `POST /projects` to the first 200 of templates that need packages, where sandboxes have no network: what they
begin on was made ready through the server's cache of packages."""

import asyncio
import os
import tempfile
import time
from functools import partial
from pathlib import Path

from ..harness import Row, limited, percentile
from .house import PAUSE, House, repeated, serving

ROUNDS = 9
# Of all templates so many have something to install.
WITH_PACKAGES = 4
TEMPLATES = ("vite-react", "fastapi")
# Without it a sandbox has no way out.
WAY_OUT = "slirp4netns"
MOST = 1000.0
# Seconds for the templates to be made ready after the server's start, with what the server itself can reach.
READY = 600.0
MADE_READY = '"Everything is installed.", "event": "prebuild.ended"'


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-bench-path-") as name:
        found = asyncio.run(_measure(_without(WAY_OUT, Path(name))))
    return [
        limited(f"create to first 200, {template}, no network, p50", percentile(times, 50), "ms", at_most=MOST)
        for template, times in found.items()
    ]


def _without(program: str, folder: Path) -> str:
    """A PATH with all programs of this one's but one."""
    for place in os.get_exec_path():
        for file in Path(place).glob("*"):
            if file.name != program and not (folder / file.name).is_symlink():
                (folder / file.name).symlink_to(file)
    return str(folder)


async def _measure(path: str) -> dict[str, list[float]]:
    async with serving(PATH=path, FIREFLY_PREBUILDS="all") as house:
        async with asyncio.timeout(READY):
            while house.server.log.count(MADE_READY) < WITH_PACKAGES:  # noqa: ASYNC110 - another process's log
                await asyncio.sleep(PAUSE)
        return {template: await repeated(ROUNDS, PAUSE, partial(_create, house, template)) for template in TEMPLATES}


async def _create(house: House, template: str, number: int) -> float:
    began = time.perf_counter()
    project = await house.create(f"{template}-{number}x", template)
    await project.shown()
    took = (time.perf_counter() - began) * 1e3
    # What runs would take its part of the next one's time.
    await project.turn("stop")
    return took
