"""Bridges that are started, asked what all are asked, and ended, so that those forked later find everything made.

What Python makes at the first use of anything (adapted code, caches, patterns, tables of the event loop) then is in
memory that all bridges share: each needs a third less of its own.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firefly import log
from firefly.bridge.environment import Environment
from firefly.bridge.server import listen, run
from firefly.clock import SystemClock

LIMIT = 30.0
# Python adapts code that has run so often.
TIMES = 8
COMMAND = b'{"command": ["true"]}'
# Nothing that looks at the machine: what is read here is in the memory of all bridges.
REQUESTS = (
    *(b"GET %s HTTP/1.0\r\n\r\n" % path for path in (b"/healthz", b"/application")),
    b"POST /exec HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(COMMAND), COMMAND),
)


def rehearse() -> None:
    """Leaves no thread and no file behind, and descriptors that nothing uses; says nothing.

    Raises OSError, TimeoutError.
    """
    log.configure()
    with tempfile.TemporaryDirectory(prefix="firefly-rehearsal-") as name, _silence():
        for _ in range(TIMES):
            with _short(Path(name)) as short:
                asyncio.run(_serve(Path(name), short / "bridge.sock"))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Loggers keep the stream that they had first, so it is the descriptor that leads nowhere for a while."""
    said = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(said, 2)
        os.close(said)
        os.close(nowhere)


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """Another path of `folder`, for this process: where temporary folders lie deep, its own is too long for sockets."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


async def _serve(folder: Path, path: Path) -> None:
    variables = {"FIREFLY_WORKSPACE": str(folder), "HOME": str(folder), "PATH": os.defpath}
    serving = asyncio.create_task(run(Environment.read(variables), listen(path), SystemClock()))
    try:
        async with asyncio.timeout(LIMIT):
            for request in REQUESTS:
                reader, writer = await asyncio.open_unix_connection(str(path))
                writer.write(request)
                await reader.read()
                writer.close()
            os.kill(os.getpid(), signal.SIGTERM)
            await serving
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
