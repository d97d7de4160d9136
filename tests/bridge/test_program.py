"""The bridge as the program that runs in a sandbox: its descriptor, its weight, and being killed while it writes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firefly.client.bridge import BridgeClient
from firefly.errors import Unavailable
from firefly.protocol.application import State
from tests.bridge.conftest import CONFIGURATION
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
Program = tuple[subprocess.Popen[bytes], BridgeClient]
COMMAND = [sys.executable, "-s", "-P", "-m", "firefly.bridge"]


@asynccontextmanager
async def program(
    variables: Mapping[str, str], path: Path
) -> AsyncIterator[tuple[subprocess.Popen[bytes], BridgeClient]]:
    """The real thing on an inherited descriptor, as a supervisor starts it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(16)
        descriptor = listener.fileno()
        process = subprocess.Popen(  # noqa: ASYNC220
            COMMAND,
            cwd=variables["FIREFLY_WORKSPACE"],
            env={**variables, "PYTHONPATH": str(ROOT), "FIREFLY_BRIDGE_FD": str(descriptor)},
            pass_fds=[descriptor],
            stderr=subprocess.PIPE,
        )
    async with BridgeClient.on_socket(path) as client:
        try:
            await client.health(timeout=20)
            yield process, client
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.communicate, timeout=15)


async def test_it_serves_on_the_inherited_descriptor(variables: dict[str, str], tmp_path: Path) -> None:
    async with program(variables, tmp_path / "s") as (process, client):
        assert (await client.health()).workspace_id == "w1"
        # The descriptor is not for what the bridge starts.
        listing = (await client.execute("ls -l /proc/self/fd")).stdout
        assert "socket:" not in listing
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
        assert time.monotonic() - began < 15


async def test_its_log_is_json_with_the_request_id(variables: dict[str, str], tmp_path: Path) -> None:
    async with program(variables, tmp_path / "s") as (process, _):
        async with BridgeClient.on_socket(tmp_path / "s", request_id="r-17") as client:
            from firefly.protocol.workspace import Member, Role

            async with client.connect(member=Member(id="1", name="Ada", role=Role.EDITOR)) as connection:
                await connection.hello("test")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        lines = (await asyncio.to_thread(process.stderr.read)).decode().splitlines()
    entries = [json.loads(line) for line in lines]
    hello = [entry for entry in entries if entry["event"] == "bridge.hello"]
    assert [entry["request_id"] for entry in hello] == ["r-17"]


async def test_what_was_configured_still_holds_after_a_restart(variables: dict[str, str], tmp_path: Path) -> None:
    async with program(variables, tmp_path / "s1") as (_, client):
        await client.write_file("index.html", b"<p>hi")
        await client.configure(CONFIGURATION)
    async with program(variables, tmp_path / "s2") as (_, client):

        async def runs() -> bool:
            return (await client.application_status()).state is State.RUNNING

        assert await eventually(runs)


async def test_after_a_restart_nothing_runs_without_its_secrets(variables: dict[str, str], tmp_path: Path) -> None:
    configuration = CONFIGURATION.model_copy(update={"secrets": {"API_KEY": "k-1"}})
    async with program(variables, tmp_path / "s1") as (_, client):
        await client.write_file("index.html", b"<p>hi")
        await client.configure(configuration)
    async with program(variables, tmp_path / "s2") as (_, client):

        async def waits() -> str:
            status = await client.application_status()
            return status.reason if status.state is State.WAITING else ""

        assert "secrets" in await eventually(waits)
        await client.configure(configuration)

        async def runs() -> bool:
            return (await client.application_status()).state is State.RUNNING

        assert await eventually(runs)


async def test_acknowledged_writes_survive_kill_9(variables: dict[str, str], tmp_path: Path) -> None:
    tree = Path(variables["FIREFLY_WORKSPACE"])
    acknowledged: dict[str, bytes] = {}

    async def write(client: BridgeClient, worker: int) -> None:
        for number in range(10_000):
            name, data = f"{worker}-{number % 3}", f"{number}:".encode() * 2000
            await client.write_file(name, data)
            acknowledged[name] = data

    async with program(variables, tmp_path / "s") as (process, client):
        writers = [asyncio.create_task(write(client, worker)) for worker in range(4)]
        await eventually(lambda: len(acknowledged) == 12)
        process.kill()
        outcomes = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    for name, data in acknowledged.items():
        found = (tree / name).read_bytes()
        number, first = int(found.split(b":")[0]), int(data.split(b":")[0])
        assert found == f"{number}:".encode() * 2000
        # The write after the last acknowledged one may have been done, or not.
        assert number in {first, first + 3}
    async with program(variables, tmp_path / "s2") as (_, client):
        assert _half_written(tree) == []
        assert (await client.write_file("after", b"x")).size == 1


def _half_written(tree: Path) -> list[Path]:
    return list(tree.rglob("*.tmp"))


def test_it_says_how_it_is_used() -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert (done.returncode, "usage:" in done.stderr) == (2, True)


def test_importing_it_is_cheap() -> None:
    """The heavy and rarely needed stay out; and memory, which is the same on every machine."""
    code = (
        "import firefly.bridge.__main__, sys;"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmRSS')][0]);"
        "print(*{'rich', 'yaml', 'watchfiles', 'asyncpg', 'uvloop', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    memory, _, unwanted = done.stdout.partition("\n")
    assert unwanted.strip() == ""
    assert int(memory) <= 55 << 10


@pytest.mark.parametrize("name", ["git-remote-firefly"])
def test_tools_are_executable(name: str) -> None:
    assert os.access(ROOT / "firefly/bridge/bin" / name, os.X_OK)
