"""From a request for a preview that sleeps to its first byte: frozen, and stopped. The static template."""

import asyncio
from functools import partial

from ..harness import Row, limited, percentile
from .house import Project, repeated, serving, timed

ROUNDS = 30
# Seconds that it sleeps.
ASLEEP = 0.3
TARGETS = {"freeze": ("thaw to first byte", 20.0), "stop": ("stopped to first byte", 150.0)}


def rows() -> list[Row]:
    return [row for action, found in asyncio.run(_measure()).items() for row in _rows(*TARGETS[action], found)]


def _rows(name: str, most: float, found: list[float]) -> list[Row]:
    return [
        limited(f"{name}, p50", percentile(found, 50), "ms", at_most=most),
        limited(f"{name}, p99", percentile(found, 99), "ms"),
    ]


async def _measure() -> dict[str, list[float]]:
    async with serving() as house:
        project = await house.create("sleeper", "static")
        await project.shown()
        return {action: await repeated(ROUNDS, 0, partial(_wake, project, action)) for action in TARGETS}


async def _wake(project: Project, action: str, _: int) -> float:
    await project.turn(action)
    await asyncio.sleep(ASLEEP)
    return await timed(project.shown())
