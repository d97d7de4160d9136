"""Installs of builds, by tool, in a project where another one has installed the same before: with the cache, without.

Neither has a folder of dependencies from an earlier build: each build is the first one of its project.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from firefly import log as logging
from tests.support.kinds import KINDS, Kind

from .builds import lacking
from .builds.pushing import Clone
from .harness import Row, attempt, beside, percentile, skipped
from .sandbox.house import House, serving

TOOLS = ("express", "pnpm", "yarn", "berry", "bun", "flask", "uv", "poetry")
ROUNDS = 2
# Seconds for one build, with packages from wherever the registries are.
PATIENCE, LOOK = 600.0, 0.2
INSTALL, NAME = "install", "install in a second project: {}"


def run() -> list[Row]:
    if lacks := lacking():
        return [skipped("installs", lacks)]
    logging.configure(level="error")
    return attempt("packages", "installs", _rows)


def _rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-clones-") as name:
        kept = asyncio.run(_measured(Path(name) / "kept", str(5 << 30)))
        alone = asyncio.run(_measured(Path(name) / "alone", "0"))
    return [_row(tool, kept[tool], alone[tool]) for tool in TOOLS]


def _row(tool: str, kept: list[float] | str, alone: list[float] | str) -> Row:
    name = NAME.format(tool)
    if isinstance(kept, str) or isinstance(alone, str):
        return skipped(name, kept if isinstance(kept, str) else f"without the cache: {alone}")
    return beside(name, percentile(kept, 50), "s", peer="without the cache", peer_value=percentile(alone, 50))


async def _measured(folder: Path, cache: str) -> Mapping[str, list[float] | str]:
    """Sorted seconds of each tool, or why there are none. `cache`: its bytes."""
    kinds = {kind.name: kind for kind in KINDS}
    async with serving(FIREFLY_PACKAGE_CACHE=cache, FIREFLY_BUILDS_AT_ONCE="1") as house:
        return {tool: await _seconds(house, folder, kinds[tool]) for tool in TOOLS}


async def _seconds(house: House, folder: Path, kind: Kind) -> list[float] | str:
    try:
        # The first is the one that fills the cache, where there is one.
        found = [await _install(house, folder, kind) for _ in range(ROUNDS + 1)]
    except (LookupError, TimeoutError) as error:
        return str(error) or "it took too long"
    return sorted(found[1:])


async def _install(house: House, folder: Path, kind: Kind) -> float:
    """Of a project of its own. Raises LookupError where its build fails."""
    clone = await Clone.make(house, folder)
    for name in kind.files:
        (clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
    await clone.commit(kind.files)
    await clone.push()
    build = await _ended(clone)
    if build["failure"]:
        raise LookupError(str(build["failure"]["cause"]))
    return sum(map(_took, (step for step in build["steps"] if step["name"] == INSTALL)))


async def _ended(clone: Clone) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            build = await clone.newest()
            if build["state"] not in {"queued", "running"}:
                break
            await asyncio.sleep(LOOK)
    async with clone.house.client.get(f"/api/v1/builds/{build['id']}") as response:
        found: dict[str, Any] = await response.json()
    return found


def _took(step: Mapping[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(step[name]) for name in ("started_at", "ended_at"))
    return (ended - began).total_seconds()
