"""A bridge in this process, on a socket and a workspace of the test's own."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firefly.bridge.annex import Annex
from firefly.bridge.environment import Environment
from firefly.bridge.server import Bridge, listen, serving
from firefly.bridge.storage import Storage
from firefly.bridge.workspace import Workspace
from firefly.client.bridge import BridgeClient
from firefly.client.bridge_connection import BridgeConnection
from firefly.clock import SystemClock
from firefly.protocol.workspace import Configuration, Member, ProjectName, Role
from firefly.sandbox.runtimes import fetch_node, find_node
from tests.support.ports import free_port

CONFIGURATION = Configuration(
    project=ProjectName(owner="ada", name="engine"),
    preview_hosts=["engine--ada.preview.localhost"],
    base_url="http://engine--ada.preview.localhost:8000",
    member_names=["Ada Lovelace"],
)


def git(folder: Path, *arguments: str) -> str:
    """git's output."""
    author = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Running:
    """`tree` is the workspace; `url` the address of its preview."""

    client: BridgeClient
    bridge: Bridge
    environment: Environment
    tree: Path
    socket: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment.port}"

    @asynccontextmanager
    async def connected(
        self, role: Role = Role.EDITOR, *, name: str = "Ada", visits: bool = False
    ) -> AsyncIterator[BridgeConnection]:
        member = Member(id=name.lower(), name=name, role=role, visits=visits)
        async with self.client.connect(member=member) as connection:
            yield connection


@pytest.fixture(scope="session")
def search_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PATH with a Node: the machine's, else the wheel's, as sandboxes have it."""
    folder = tmp_path_factory.mktemp("runtimes")
    asyncio.run(fetch_node(folder))
    node = find_node(folder)
    return f"{node.parent}:{os.environ['PATH']}" if node else os.environ["PATH"]


@pytest.fixture
def variables(tmp_path: Path, search_path: str) -> dict[str, str]:
    """The environment variables of a bridge below `tmp_path`; its folders are made."""
    for name in ("tree", "home", "gateway", "templates"):
        (tmp_path / name).mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FIREFLY_", "GIT_AUTHOR"))}
    return {
        **kept,
        "PATH": search_path,
        "HOME": str(tmp_path / "home"),
        "SHELL": "/bin/bash",
        "FIREFLY_WORKSPACE": str(tmp_path / "tree"),
        "FIREFLY_WORKSPACE_ID": "w1",
        "FIREFLY_GATEWAY": str(tmp_path / "gateway"),
        "FIREFLY_TEMPLATES": str(tmp_path / "templates"),
        "FIREFLY_APPLICATION_PORT": str(free_port()),
    }


@pytest.fixture
def environment(variables: dict[str, str]) -> Environment:
    return Environment.read(variables)


@pytest.fixture
async def house(environment: Environment, tmp_path: Path) -> AsyncIterator[Running]:
    path = tmp_path / "bridge.sock"
    with listen(path) as listener:
        async with serving(environment, listener, SystemClock()) as bridge, BridgeClient.on_socket(path) as client:
            yield Running(client, bridge, environment, environment.workspace, path)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A hosted repository with nothing in it."""
    path = tmp_path / "hosted.git"
    path.mkdir()
    git(path, "init", "-q", "--bare", "--initial-branch=main")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> "Workspace":
    """A workspace without a bridge."""
    root = tmp_path / "plain"
    root.mkdir()
    return Workspace(root)


@pytest.fixture
def storage(workspace: Workspace) -> Storage:
    return Storage(workspace, Annex(workspace))
