"""The server's side of the zygote: it starts one, asks it for supervisors, and starts another when it has ended."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from firefly.resources import PACKAGE

from . import mounts
from .title import ROOM

log = structlog.get_logger()

ANSWER_LIMIT, END_LIMIT = 15.0, 5.0
# One that cannot live, for want of memory say, is not started for every sandbox.
RESTART_PAUSE = 10.0
START = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); from firefly.sandbox.relocation import Relocation;"
    "there = Relocation(json.loads(sys.argv[2])); there.begin();"
    "from firefly.sandbox.zygote import main; main(there, json.loads(sys.argv[3]))"
)


class Forking:
    """`python` runs the zygote, which imports `modules`."""

    def __init__(self, python: Path, modules: Sequence[str]) -> None:
        arguments = (str(PACKAGE.parent), json.dumps(mounts.packages()), json.dumps(modules), ROOM)
        self._command = (str(python), "-I", "-S", "-c", START, *arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._requests: socket.socket | None = None
        self._started = 0.0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The zygote's, where one is alive."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def open(self) -> None:
        """Start a zygote where none lives; it imports while others go on. One that cannot be started is no error."""
        async with self._starting:
            if self.pid is not None or (self._started and time.monotonic() < self._started + RESTART_PAUSE):
                return
            await self.close()
            self._started = time.monotonic()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setblocking(False)
            self._requests = ours
            try:
                with theirs:
                    self._process = await asyncio.create_subprocess_exec(
                        *self._command,
                        stdin=theirs.fileno(),
                        stdout=subprocess.DEVNULL,
                        env={"LANG": "C.UTF-8"},
                        cwd="/",
                        start_new_session=True,
                    )
            except OSError as error:
                log.warning("sandbox.no_zygote", reason=str(error))

    async def close(self) -> None:
        """Let it end; its sandboxes go on."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            try:
                async with asyncio.timeout(END_LIMIT):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            self._process = None

    async def supervise(self, folder: Path, output: int) -> bool | None:
        """Let a supervisor of `folder` be forked, which prints to `output`; return whether it listens.

        None: no zygote answers, so that nothing was begun.
        """
        await self.open()
        if self.pid is None or self._requests is None:
            return None
        listening, told = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            socket.send_fds(self._requests, [os.fsencode(folder)], [output, told])
        except OSError:
            os.close(listening)
            return None
        finally:
            os.close(told)
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                answer = await _read(listening)
        except TimeoutError:
            await self._give_up()
            answer = b""
        finally:
            os.close(listening)
        return bool(answer) or (None if self.pid is None else False)

    async def _give_up(self) -> None:
        """End a zygote that does not answer: one that went on later would begin what was begun without it."""
        log.warning("sandbox.zygote_killed", pid=self.pid)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def _read(descriptor: int) -> bytes:
    """What comes first from a pipe that does not block; nothing where its other end is closed."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 1)
