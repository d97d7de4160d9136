"""As many idle tunnels as descriptors allow: what each takes up, and that none ends while routes change."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, cast
from uuid import UUID

from firefly.routes import RouteTable
from firefly.routes.store import RouteStore
from tests.support.ports import free_port

from ..harness import Row, started
from . import door
from .peers import module_command
from .rig import PROXY_CORE, ROOT, Rig, program_command
from .stored import database, host, opened

TUNNELS, WARM = 9000, 200
# Of one project, because one host may not have all connections.
HOSTS = 30
# Bytes.
MOST = 6 * 1024
SECONDS, CHANGES = 60, 100


def rows(rig: Rig, *, seconds: float = SECONDS) -> list[Row]:
    found, changes = asyncio.run(_measure(rig.folder / "idle", seconds))
    return [
        Row(f"memory of an idle WebSocket, {TUNNELS:,} of them", round(found["each"] / 1024, 2), "KB",
            target=f"≤ {MOST // 1024} KB", ok=found["each"] <= MOST),
        Row(f"idle WebSockets lost in {seconds:.0f} s of {changes:.0f} changed routes/s", found["lost"], "",
            target="none", ok=found["lost"] == 0 and changes > CHANGES * 0.9),
    ]  # fmt: skip


async def _measure(folder: Path, seconds: float) -> tuple[Mapping[str, float], float]:
    """What `ends.hold` found, and how many routes changed per second meanwhile."""
    upstream, port, table = free_port(), free_port(), RouteTable()
    stored = database(folder / "database", routes=door.ROUTES, workspace=door.WORKSPACE, project=door.PROJECT)
    async with stored as dsn, opened(dsn, table) as (_, store):
        command = module_command("door", folder=str(folder), port=port, upstream=upstream, dsn=dsn)
        with started(command, core=PROXY_CORE, folder=folder / "door", port=port) as process:
            task = {
                "port": port, "upstream": upstream, "pid": process.pid, "tunnels": TUNNELS, "warm": WARM,
                "hosts": [host(number) for number in range(1, HOSTS + 1)],
            }  # fmt: skip
            with _holding(task) as (said, told):
                if not await asyncio.to_thread(said.readline):
                    raise RuntimeError("The tunnels did not come about.")
                loop, made = asyncio.get_running_loop(), 0
                began = loop.time()
                while (gone := loop.time() - began) < seconds:
                    await _change(store, made)
                    made += 1
                    await asyncio.sleep(made / CHANGES - gone)
                print(file=told, flush=True)
                return json.loads(await asyncio.to_thread(said.readline)), made / gone


async def _change(store: RouteStore, number: int) -> None:
    """Add a route, or take one of those away that were added."""
    project = UUID(int=(2 << 64) + number // 2)
    if number % 2:
        await store.release(project)
    else:
        await store.add(door.shown(f"passing-{number}--ann.preview.localhost", project))


@contextlib.contextmanager
def _holding(task: Mapping[str, object]) -> Iterator[tuple[IO[str], IO[str]]]:
    """The program that holds both ends of the tunnels: what it says and is told."""
    process = subprocess.Popen(
        program_command("ends"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        said, told = cast(IO[str], process.stdout), cast(IO[str], process.stdin)
        print(json.dumps({"work": "hold", **task}), file=told, flush=True)
        yield said, told
    finally:
        process.kill()
        process.wait()
