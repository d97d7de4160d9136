"""From `POST /projects` to the first 200 of templates that need packages, where sandboxes have no network: what they
begin on was made ready through the server's cache of packages."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..harness import Row, limited, percentile, skipped
from .house import PAUSE, House, repeated, serving

ROUNDS = 9
# Of all templates so many have something to install.
WITH_PACKAGES = 4
TEMPLATES = ("vite-react", "fastapi")
# Without it a sandbox has no way out.
WAY_OUT = "slirp4netns"
MOST = 1000.0
# Seconds for the templates to be made ready after the server's start, with what the server itself can reach.
READY = 300.0
SUCCEEDED = "succeeded"
NAME = "create to first 200, {}, no network"


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-bench-path-") as name:
        states, found = asyncio.run(_measure(_without(WAY_OUT, Path(name))))
    return [
        limited(f"{NAME.format(template)}, p50", percentile(found[template], 50), "ms", at_most=MOST)
        if template in found
        else skipped(NAME.format(template), f"it was not made ready: {states.get(template, 'not in time')}")
        for template in TEMPLATES
    ]


def _without(program: str, folder: Path) -> str:
    """A PATH with all programs of this one's but one."""
    # Sandboxes' users start bubblewrap by it.
    folder.chmod(0o755)
    for place in os.get_exec_path():
        for file in Path(place).glob("*"):
            if file.name != program and not (folder / file.name).is_symlink():
                (folder / file.name).symlink_to(file)
    return str(folder)


async def _measure(path: str) -> tuple[Mapping[str, str], Mapping[str, list[float]]]:
    """How making ready ended, and the milliseconds, by template."""
    async with serving(PATH=path, FIREFLY_PREBUILDS="all") as house:
        states = await _made_ready(house)
        ready = [template for template in TEMPLATES if states.get(template) == SUCCEEDED]
        return states, {
            template: await repeated(ROUNDS, PAUSE, partial(_create, house, template)) for template in ready
        }


async def _made_ready(house: House) -> Mapping[str, str]:
    """How that ended for each template, as far as it did in time."""
    limit, states = time.monotonic() + READY, dict[str, str]()
    while len(states) < WITH_PACKAGES and time.monotonic() < limit:
        await asyncio.sleep(PAUSE)
        states = _states(house.server.log)
    return states


def _states(log: str) -> dict[str, str]:
    """By template, as the server logs it."""
    ended = [json.loads(line) for line in log.splitlines() if '"prebuild.ended"' in line]
    return {line["template"]: SUCCEEDED if line["state"] == SUCCEEDED else line["reason"] for line in ended}


async def _create(house: House, template: str, number: int) -> float:
    began = time.perf_counter()
    project = await house.create(f"{template}-{number}x", template)
    await project.shown()
    took = (time.perf_counter() - began) * 1e3
    # What runs would take its part of the next one's time.
    await project.turn("stop")
    return took
