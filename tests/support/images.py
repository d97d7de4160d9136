"""The project image for tests: Debian by debootstrap, once a day for all workers and sessions on a machine."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from firefly.sandbox import languages, runtimes
from firefly.sandbox.docker import building, debian
from firefly.sandbox.docker.engine import Engine as Client
from firefly.sandbox.docker.images import Images

IMAGE = "firefly-project:test"
TREES = Path(f"/tmp/firefly-test-trees-{os.getuid()}")
DAY = 86400.0


def make_image(url: str, work: Path, having: Sequence[str] = (), more: Sequence[str] = ()) -> str:
    """Build the image in an engine, with languages and `more` packages; `work` is for what lies about meanwhile."""
    name = "-".join((IMAGE, *having))
    with alone(TREES / "lock"):
        clear_old("*.tar")
        # Whoever asks may have a loop of his own running.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _build(url, TREES, work, name, having, more)).result()
    return name


async def _build(url: str, folder: Path, work: Path, name: str, having: Sequence[str], more: Sequence[str]) -> None:
    client = Client(url)
    suite = debian.own_suite()
    base, packages = building.base_name(suite, having), (*debian.NEEDED, *languages.packages(having), *more)
    digest = hashlib.sha256(" ".join([suite, *packages]).encode()).hexdigest()[:12]
    try:
        images, lines = Images(client), list[str]()
        await building.make_base(
            images, base, suite=suite, mirror=await debian.own_mirror(suite), packages=packages, tell=lines.append,
            keep=folder / f"{suite}-{digest}.tar", work=work,
        )  # fmt: skip
        node = runtimes.find_node(folder) if await runtimes.fetch_node(folder) else None
        await building.build_on_base(images, base, name, node=node, tell=lines.append, having=having, work=work)
    finally:
        await client.close()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock in the folder of what is kept from one session to the next; makes that folder."""
    TREES.mkdir(mode=0o700, exist_ok=True)
    assert TREES.lstat().st_uid == os.getuid()
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clear_old(names: str) -> None:
    """Delete what is older than a day."""
    for old in TREES.glob(names):
        if time.time() - old.stat().st_mtime > DAY:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
