"""The project image for tests: Debian by debootstrap, once a day for all workers and sessions on a machine."""

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firefly.sandbox import runtimes
from firefly.sandbox.docker import building, debian
from firefly.sandbox.docker.engine import Engine as Client
from firefly.sandbox.docker.images import Images

IMAGE = "firefly-project:test"


TREES = Path(f"/tmp/firefly-test-trees-{os.getuid()}")
DAY = 86400.0


def make_image(url: str) -> str:
    """Build the image in an engine."""
    TREES.mkdir(mode=0o700, exist_ok=True)
    assert TREES.lstat().st_uid == os.getuid()
    with _alone(TREES / "lock"):
        for old in TREES.glob("*.tar"):
            if time.time() - old.stat().st_mtime > DAY:
                old.unlink()
        asyncio.run(_build(url, TREES))
    return IMAGE


async def _build(url: str, folder: Path) -> None:
    client = Client(url)
    suite = debian.own_suite()
    digest = hashlib.sha256(" ".join([suite, *debian.NEEDED]).encode()).hexdigest()[:12]
    try:
        images, lines = Images(client), list[str]()
        await building.make_base(
            images, suite=suite, mirror=await debian.own_mirror(suite), packages=debian.NEEDED, tell=lines.append,
            keep=folder / f"{suite}-{digest}.tar",
        )  # fmt: skip
        node = runtimes.find_node(folder) if await runtimes.fetch_node(folder) else None
        await building.build_on_base(images, building.base_name(suite), IMAGE, node=node, tell=lines.append)
    finally:
        await client.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
