"""The command line as users run it: a process of its own, against the web layer of tests/web or a whole server."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.server import LiveServer
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually
from tests.web.conftest import bridge, world
from tests.web.world import World

__all__ = ["bridge", "world"]

FIREFLY = (sys.executable, "-m", "firefly")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Done]]


async def spawn(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *FIREFLY, *arguments, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
    )


class Running:
    """A command that goes on until it is interrupted; `text` is what it told on either stream."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.text += line.decode()

    async def tells(self, text: str, *, times: int = 1, within: float = 90) -> None:
        def told() -> bool:
            assert self.text.count(text) >= times, f"waited for {text!r}, was told {self.text!r}"
            return True

        await eventually(told, within=within)


Start = Callable[..., AbstractAsyncContextManager[Running]]
OnTerminal = Callable[..., AbstractAsyncContextManager[Terminal]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIREFLY_", "XDG_"))}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    async def run_command(*arguments: str, typed: str = "", within: float = 90) -> Done:
        process = await spawn(arguments, tmp_path, environment)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), within)
        return Done(process.returncode or 0, out.decode(), err.decode())

    return run_command


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Start:
    """A command that goes on beside the test; it is interrupted at the end of the block."""

    @asynccontextmanager
    async def start_command(*arguments: str) -> AsyncIterator[Running]:
        process = await spawn(arguments, tmp_path, environment)
        assert process.stdout is not None
        assert process.stderr is not None
        running = Running(process)
        async with asyncio.TaskGroup() as group:
            group.create_task(running.read(process.stdout))
            group.create_task(running.read(process.stderr))
            try:
                yield running
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()

    return start_command


@pytest.fixture
def on_terminal(environment: dict[str, str], tmp_path: Path) -> OnTerminal:
    def on_terminal(*arguments: str) -> AbstractAsyncContextManager[Terminal]:
        return terminal(*FIREFLY, *arguments, environment=environment, folder=tmp_path)

    return on_terminal


def remember(environment: Mapping[str, str], server: str, token: str) -> None:
    """Keep what `firefly login` keeps, without a process for it."""
    file = Path(environment["XDG_CONFIG_HOME"]) / "firefly" / "credentials.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"default": server, "servers": {server: token}}))


def address_of(world: World) -> str:
    return str(world.server.make_url("")).rstrip("/")


@pytest.fixture
async def logged_in(world: World, run: Run, environment: dict[str, str]) -> Run:
    """`run` as after a login as ada."""
    remember(environment, address_of(world), await world.token(world.ada))
    return run


@pytest.fixture
def at_home(live_server: LiveServer, run: Run, environment: dict[str, str]) -> Run:
    """`run` as after a login to the whole server as its administrator."""
    remember(environment, live_server.url, live_server.token)
    return run
