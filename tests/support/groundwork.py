"""What every first start makes, a database and the templates' repositories: made once, and copied for each test."""

import asyncio
import atexit
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firefly.git import Git
from firefly.projects import Catalogue, Preparation
from firefly.resources import folder
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres, migrate

from .database import FAST


def lay_cluster(data: Path) -> None:
    """Give a data directory a database with Firefly's tables, which does not survive the machine but is fast."""
    _lay(_cluster(), data)


def lay_templates(data: Path) -> None:
    """Give a data directory the templates, prepared."""
    for name in ("prepared", "repositories"):
        _lay(_templates() / name, data)


def _lay(source: Path, data: Path) -> None:
    data.mkdir(mode=0o700, exist_ok=True)
    if not (data / source.name).exists():
        # Files of the cluster belong to a user of its own.
        subprocess.run(["cp", "-a", source, data], check=True)


@functools.cache
def _place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="firefly-groundwork-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@functools.cache
def _templates() -> Path:
    made = _place() / "templates"
    (made / "git").mkdir(parents=True)
    _run(Preparation(data=made, git=Git(made / "git"), catalogue=Catalogue()).open())
    return made


@functools.cache
def _cluster() -> Path:
    settings = Settings(data_dir=_place() / "data")
    _run(_make_cluster(settings))
    shutil.rmtree(settings.run_dir, ignore_errors=True)
    cluster = settings.data_dir / "postgres"
    for conf in cluster.glob("*/postgresql.conf"):
        with conf.open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in FAST.items())
    return cluster


async def _make_cluster(settings: Settings) -> None:
    server = EmbeddedPostgres(settings, options=FAST)
    database = Database(await server.start(), min_size=1, max_size=1)
    await database.open()
    await migrate(database, folder("migrations"))
    await database.close()
    await server.stop()


def _run(work: Coroutine[object, object, None]) -> None:
    """In a thread, because a test's own loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
