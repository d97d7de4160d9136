"""Real containers of a real engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.sandbox.docker.backend import DockerBackend
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.support.engine import Engine

# The bridge's own module fetches the socket; then the stand-in listens on it.
FETCH = """
import os
from pathlib import Path
from firefly.bridge.server import fetched
os.environ["FIREFLY_BRIDGE_FD"] = str(fetched(Path(os.environ["FIREFLY_BRIDGE_FROM"])).detach())
"""
STANDIN = ("/usr/bin/python3", "-s", "-P", "-c", FETCH + (Path(__file__).parents[1] / "standin.py").read_text())


def docker_settings(folder: Path, engine: Engine, image: str) -> Settings:
    return Settings(data_dir=folder / "data", listen="127.0.0.1:0", docker_host=engine.url, docker_image=image)


@pytest.fixture
def settings(tmp_path: Path, engine: Engine, project_image: str) -> Settings:
    return docker_settings(tmp_path, engine, project_image)


@pytest.fixture
def subnets() -> MemorySubnets:
    return MemorySubnets()


@pytest.fixture
async def ground(settings: Settings, subnets: MemorySubnets) -> AsyncIterator[Ground]:
    made = Ground(lambda _: DockerBackend(settings, subnets))
    await made.backend.open()
    yield made
    await made.clear()
