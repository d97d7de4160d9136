"""Real sandboxes with a stand-in for the bridge inside."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from firefly.bus import Bus
from firefly.client.bridge import BridgeClient
from firefly.sandbox.backend import Instance, Limits, SandboxBackend, SandboxSpec
from firefly.sandbox.detection import Machine, look
from firefly.sandbox.process import ProcessBackend
from firefly.sandbox.processes import children
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.sandbox.keeping import House

STANDIN = (Path(__file__).parent / "standin.py").read_text()
COMMAND = (str(Path(sys.executable).resolve()), "-I", "-c", STANDIN)
FIRST_UID = 1_900_000_000


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str


class Inside:
    """One sandbox, with a way to run something in it."""

    def __init__(self, backend: SandboxBackend, spec: SandboxSpec, instance: Instance) -> None:
        self.backend = backend
        self.spec = spec
        self.instance = instance

    async def run(self, script: str) -> Done:
        """Run a shell script inside."""
        done = await self.backend.exec(self.instance.id, ["/bin/sh", "-c", script], timeout=90)
        return Done(done.exit_code, done.stdout, done.stderr)

    async def within(self, source: str) -> Done:
        """Run Python in the process of the stand-in for the bridge itself."""
        answer = await ask(self.backend.bridge_path(self.instance.id), source)
        return Done(int(answer["code"]), str(answer["stdout"]), str(answer["stderr"]))

    def bridge(self) -> BridgeClient:
        """The client of the bridge inside."""
        return BridgeClient.on_socket(self.backend.bridge_path(self.instance.id))

    async def python(self, source: str) -> Done:
        return await self.run(f"python3 - <<'END'\n{source}\nEND\n")


async def ask(path: Path, source: str = "") -> dict[str, Any]:
    """The stand-in's answer: to a health check, or, with Python, of running that in its own process."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        body = source.encode()
        head = f"POST /self HTTP/1.0\r\nContent-Length: {len(body)}" if source else "GET /healthz HTTP/1.0"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(90):
            answer = await reader.read()
    finally:
        writer.close()
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


@pytest.fixture(scope="session")
def machine() -> Machine:
    """What this machine offers. A test that needs isolation is skipped where there is none, unless CI is set."""
    found = look()
    if not (found.bubblewrap and found.slirp):
        reason = "; ".join(f"{lack.what}: {lack.remedy}" for lack in found.capabilities.lacks)
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
async def backend(settings: Settings, machine: Machine) -> AsyncIterator[ProcessBackend]:
    made = ProcessBackend(settings, machine=machine, bridge=COMMAND)
    await made.open()
    yield made
    for instance in await made.list():
        await made.stop(instance.id, reason="The test is over.")
    await made.close()


def spec(number: int = 0, **options: object) -> SandboxSpec:
    return SandboxSpec(uuid4(), FIRST_UID + os.getpid() % 10_000 * 10 + number, **options)  # type: ignore[arg-type]


Start = Callable[..., Awaitable[Inside]]


@pytest.fixture
def start(backend: ProcessBackend) -> Start:
    """Start sandboxes; each of a test's has a number of its own."""
    count = 0

    async def begin(*, limits: Limits | None = None, **options: object) -> Inside:
        nonlocal count
        count += 1
        made = spec(count, **({"limits": limits} if limits else {}), **options)
        return Inside(backend, made, await backend.create(made))

    return begin


def processes(text: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def supervisor(settings: Settings, instance_id: str) -> int:
    return int((settings.run_dir / "sandboxes" / instance_id / "pid").read_text())


def way_out(settings: Settings, instance_id: str) -> int:
    """The process id of a sandbox's slirp4netns; 0 where there is none now."""
    for pid in children(supervisor(settings, instance_id)):
        if b"slirp4netns" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return 0


@pytest.fixture
def house(database: Database, bus: Bus, settings: Settings, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, bus, settings, clock, tmp_path / "memory")
