"""The command line as users run it: a process of its own, against the web layer of tests/web."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.web.conftest import bridge, world
from tests.web.world import World

__all__ = ["bridge", "world"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Done]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIREFLY_", "XDG_"))}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    async def run_command(*arguments: str, typed: str = "") -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "firefly", *arguments, cwd=tmp_path, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 30)
        return Done(process.returncode or 0, out.decode(), err.decode())

    return run_command


@pytest.fixture
async def logged_in(world: World, run: Run) -> Run:
    """`run` after a login as ada."""
    server = str(world.server.make_url("")).rstrip("/")
    done = await run("login", "--server", server, "--token", await world.token(world.ada))
    assert done.code == 0, done.err
    return run
