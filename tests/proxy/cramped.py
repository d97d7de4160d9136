"""A front door that may have few descriptors: `python -m tests.proxy.cramped <descriptors> <upstream's port>`.

Prints its port, and its counters for each line that it reads.
"""

import asyncio
import resource
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import uvloop

from firefly import log
from firefly.proxy import FrontDoor
from firefly.routes import Access, Route, RouteTable, SandboxTarget
from firefly.testing.dialer import MemoryDialer
from firefly.testing.gate import OpenGate

from .house import HOST


async def serve(folder: Path, upstream: int) -> None:
    target = SandboxTarget(uuid4())
    dialer = MemoryDialer()
    dialer.serve(target, ("127.0.0.1", upstream))
    door = FrontDoor(
        table=RouteTable([Route(HOST, target, uuid4(), Access.PUBLIC)]),
        gate=OpenGate(),
        dialer=dialer,
        app_path=folder / "none.sock",
        app_url="http://localhost:8000",
        content_domain="preview.localhost:8000",
    )
    print(await door.start(), flush=True)  # noqa: T201
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(door.counters["exhausted"], door.counters["connections"], flush=True)  # noqa: T201


if __name__ == "__main__":
    most, upstream = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    log.configure(level="error")
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(serve(Path(folder), upstream))
