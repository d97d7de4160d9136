"""One run of a sandbox as the server sees it: its folder, its supervisor, its end."""

import asyncio
import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog

from firefly.errors import SandboxFailed, TimedOut, Unavailable
from firefly.waiting import happens

from .backend import ExitStatus, Instance
from .control import Control, fetch_descriptor
from .dialing import HelperSource, HostSource, JoiningSource, SocketSource

log = structlog.get_logger()

START_LIMIT, STOP_LIMIT, HEALTH_LIMIT = 30.0, 8.0, 30.0
HEALTH_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n"
RETRY_PAUSE = 0.05


@dataclass(slots=True)
class Run:
    instance: Instance
    folder: Path
    control: Control
    source: SocketSource
    supervisor: int
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    async def end(self, reason: str) -> None:
        """Ask the supervisor to stop all; a supervisor that does not is killed, which has the same effect."""
        with contextlib.suppress(Unavailable):
            await self.control.request("stop", reason=reason)
        if not await happens(self.finished, STOP_LIMIT):
            log.warning("sandbox.supervisor_killed", instance=self.instance.id)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.supervisor, signal.SIGKILL)
            await happens(self.finished, STOP_LIMIT)

    async def watch(self) -> None:
        """Return when the sandbox has ended, with `status` set. Its folder is still there."""
        await self.control.ended.wait()
        self.status = await asyncio.to_thread(read_exit, self.folder)
        await self.control.close()
        self.source.close()

    async def ready(self) -> None:
        """Return when the bridge answers. Raises SandboxFailed."""
        health = asyncio.create_task(answers(self.folder / "bridge.sock"))
        ended = asyncio.create_task(self.finished.wait())
        done, pending = await _first(health, ended, limit=HEALTH_LIMIT)
        for task in pending:
            task.cancel()
        if health in done and health.result():
            return
        if ended in done or await happens(self.finished, RETRY_PAUSE * 20):
            assert self.status is not None
            raise SandboxFailed(self.status.reason, output=self.status.output)
        output = ""
        with contextlib.suppress(Unavailable):
            output = await self.control.request("logs")
        raise SandboxFailed(f"The bridge did not answer within {HEALTH_LIMIT:.0f} s.", output=output)


async def _first(
    *tasks: "asyncio.Task[bool]", limit: float
) -> "tuple[set[asyncio.Task[bool]], set[asyncio.Task[bool]]]":
    try:
        return await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise


async def answers(path: Path) -> bool:
    """Wait for a 200 of the bridge. False where its end of the socket is closed."""
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            return False
        try:
            writer.write(HEALTH_REQUEST)
            line = await reader.readline()
        except OSError:
            line = b""
        finally:
            writer.close()
        if not line:
            return False
        if line.split(b" ")[1:2] == [b"200"]:
            return True
        await asyncio.sleep(RETRY_PAUSE)


async def attach(folder: Path) -> Run:
    """Connect to a supervisor and wait until it has started its sandbox.

    Raises OSError where no supervisor listens, SandboxFailed where the sandbox ended first.
    """
    control = Control()
    try:
        await control.open(folder / "control.sock")
        await control.decided(START_LIMIT)
        if not control.started.done():
            await _fail(control, folder)
        return await asyncio.to_thread(_describe, folder, control)
    except BaseException:
        await control.close()
        raise


async def _fail(control: Control, folder: Path) -> None:
    if control.ended.is_set():
        status = await asyncio.to_thread(read_exit, folder)
        raise SandboxFailed(status.reason, output=status.output)
    with contextlib.suppress(Unavailable, TimedOut):
        await control.request("stop", reason="It did not start in time.")
    raise SandboxFailed(f"The sandbox did not start within {START_LIMIT:.0f} s.")


def _describe(folder: Path, control: Control) -> Run:
    told = control.started.result()
    started_at = datetime.fromtimestamp(told["started_at"], UTC)
    instance = Instance(told["id"], UUID(told["workspace_id"]), started_at)
    source: SocketSource
    if not told["isolated"]:
        source = HostSource(told["port"])
    elif os.getuid() == 0:
        source = JoiningSource(fetch_descriptor(folder / "control.sock", b'{"op":"namespace"}\n'))
    else:
        source = HelperSource(folder / "sockets.sock")
    return Run(instance, folder, control, source, told["pid"])


def kill_supervisor(folder: Path) -> None:
    """End a supervisor that cannot be reached; its sandbox ends with it. A number that was given anew is spared."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "pid").read_text())
        if os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGKILL)


def read_exit(folder: Path) -> ExitStatus:
    """What the supervisor left behind, or, where it was killed itself, that nothing is known."""
    try:
        found = json.loads((folder / "exit.json").read_bytes())
    except (OSError, ValueError):
        return ExitStatus(None, "The sandbox's supervisor was killed.", datetime.fromtimestamp(time.time(), UTC), False)
    ended_at = datetime.fromtimestamp(found["ended_at"], UTC)
    return ExitStatus(found["code"], found["reason"], ended_at, found["requested"], found["output"])
