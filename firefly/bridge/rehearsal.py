"""Bridges that are started, asked what all are asked, and ended, so that those forked later find everything made.

What Python makes at the first use of anything (adapted code, caches, patterns, tables of the event loop) then is in
memory that all bridges share: each needs a third less of its own.
"""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firefly import log
from firefly.bridge.environment import Environment
from firefly.bridge.repository import DEFAULT_BRANCH
from firefly.bridge.server import listen, run
from firefly.bridge.workspace import REPOSITORY
from firefly.clock import SystemClock
from firefly.protocol.model import Params, Result

LIMIT = 30.0
# Python adapts code that has run so often.
TIMES = 8
TEMPLATE = "rehearsal"
CONFIGURATION = b'{"project": {"owner": "o", "name": "n"}, "preview_hosts": ["h"], "base_url": "http://h"}'


def _get(path: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n" % path


def _post(path: bytes, body: bytes) -> bytes:
    fields = b"Host: bridge\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d" % len(body)
    return b"POST %s HTTP/1.1\r\n%s\r\n\r\n%s" % (path, fields, body)


# Nothing that looks at the machine: what is read here is in the memory of all bridges.
REQUESTS = (
    _get(b"/healthz"),
    _post(b"/initialize", b'{"template": "%s"}' % TEMPLATE.encode()),
    _post(b"/configure", CONFIGURATION),
    _get(b"/application?wait=5"),
    _post(b"/exec", b'{"command": ["true"]}'),
)


def rehearse() -> None:
    """Leaves no thread and no file behind, and descriptors that nothing uses; says nothing.

    Raises OSError, TimeoutError.
    """
    log.configure()
    for kind in (Params, Result):
        _complete(kind)
    with tempfile.TemporaryDirectory(prefix="firefly-rehearsal-") as name, _silence():
        folder = Path(name)
        _prepare(folder / "prepared" / TEMPLATE)
        for number in range(TIMES):
            workspace = folder / f"workspace-{number}"
            workspace.mkdir()
            with _short(folder) as short:
                asyncio.run(_serve(folder, workspace, short / "bridge.sock"))


def _complete(kind: type[Params] | type[Result]) -> None:
    """What a message is checked with is made at its first use."""
    for model in kind.__subclasses__():
        model.model_rebuild()
        _complete(model)


def _prepare(template: Path) -> None:
    """One that is a page, with as much of a repository as a copy of it is looked at for."""
    heads = template / REPOSITORY / "refs" / "heads"
    heads.mkdir(parents=True)
    (heads / DEFAULT_BRANCH).write_text(f"{'0' * 40}\n")
    (template / "index.html").write_text("<title>Rehearsal</title>")


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


async def _serve(folder: Path, workspace: Path, path: Path) -> None:
    port = _free_port()
    variables = {
        "FIREFLY_WORKSPACE": str(workspace),
        "FIREFLY_PREPARED": str(folder / "prepared"),
        "FIREFLY_APPLICATION_PORT": str(port),
        "HOME": str(workspace.with_suffix(".home")),
        "PATH": os.defpath,
    }
    serving = asyncio.create_task(run(Environment.read(variables), listen(path), SystemClock()))
    try:
        async with asyncio.timeout(LIMIT):
            for request in REQUESTS:
                await _ask(await asyncio.open_unix_connection(str(path)), request)
            await _ask(await asyncio.open_connection("127.0.0.1", port), _get(b"/"))
            os.kill(os.getpid(), signal.SIGTERM)
            await serving
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _ask(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> None:
    reader, writer = connection
    writer.write(request)
    await reader.read()
    writer.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
