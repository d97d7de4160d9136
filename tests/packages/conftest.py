"""A cache of packages over a registry of the test's own, and workspaces that install through it."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer

from firefly.bridge.environment import Environment
from firefly.bridge.packages import offered
from firefly.bridge.process import Finished, run
from firefly.packages import Door, Registry, Shelf, Upstreams
from tests.support.registry import RegistryServer, registry

LIMIT = 64 << 20
NPM, PIP = "npm ci", "python -m pip install --disable-pip-version-check --target packages"


@dataclass
class Place:
    """One sandbox's folders, as its bridge sees them."""

    folder: Path

    @property
    def environment(self) -> Environment:
        gateway = {"FIREFLY_GATEWAY": str(self.folder / "gateway")}
        folders = {"HOME": str(self.folder / "home"), "FIREFLY_WORKSPACE": str(self.folder / "tree")}
        return Environment.read({"PATH": os.environ["PATH"], **folders, **gateway})

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def variables(self) -> Mapping[str, str]:
        """Nothing of this machine's own registries."""
        home = str(self.folder / "home")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        nowhere = {"npm_config_globalconfig": f"{home}/none", "PIP_CONFIG_FILE": os.devnull}
        return {"PATH": path, "HOME": home, "npm_config_fetch_retries": "0", **nowhere}

    async def install(self, command: str) -> Finished:
        async with offered(self.environment, command, self.variables()) as env:
            return await run(["/bin/sh", "-c", command], cwd=self.tree, env=env, timeout=120)

    def lock(self, name: str, version: str, integrity: str, resolved: str) -> None:
        """A project that needs one package."""
        needs = {"dependencies": {name: version}}
        found = {"version": version, "integrity": integrity, "resolved": resolved}
        packages = {"": needs, f"node_modules/{name}": found}
        (self.tree / "package.json").write_text(json.dumps(needs))
        (self.tree / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))


@dataclass
class Ground:
    upstream: RegistryServer
    server: BaseTestServer
    shelf: Shelf
    door: Door
    folder: Path
    places: list[Place] = field(default_factory=list)

    async def place(self) -> Place:
        """Another sandbox, at the same cache."""
        made = Place(self.folder / f"place-{len(self.places)}")
        for name in ("gateway", "home", "tree"):
            (made.folder / name).mkdir(parents=True)
        await self.door.listen(uuid4(), made.folder / "gateway")
        self.places.append(made)
        return made

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiohttp.ClientSession]:
        """What runs in a sandbox and speaks with the cache itself."""
        place = await self.place()
        connector = aiohttp.UnixConnector(str(place.folder / "gateway" / "packages.sock"))
        async with aiohttp.ClientSession("http://packages", connector=connector) as session:
            yield session


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    # The folder of a test may be too long for a socket.
    with TemporaryDirectory(prefix="firefly-packages-") as folder:
        async with _ground(Path(folder)) as made:
            yield made


@asynccontextmanager
async def _ground(folder: Path) -> AsyncIterator[Ground]:
    async with registry() as (upstream, server):
        shelf = Shelf(folder / "packages", LIMIT)
        await shelf.open()

        async def find() -> Upstreams:
            return Upstreams(upstream.npm, upstream.python)

        cache = Registry(shelf, find)
        made = Ground(upstream, server, shelf, Door(cache), folder)
        try:
            yield made
        finally:
            await made.door.close()
            await cache.close()


def output_of(done: Finished) -> str:
    return done.text + done.error_text


def printed(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
