"""Starting programs without copying the server: asyncio's own way, on uvloop, forks it.

A fork copies the tables of all its memory, for which the event loop stands still: 40 ms with 300 MB. The standard
library's `subprocess` lets the child run in the parent's memory until it is another program, which takes 1 or 2 ms.
"""

import asyncio
import contextlib
import os
import subprocess
import threading
from asyncio.base_subprocess import BaseSubprocessTransport
from asyncio.subprocess import DEVNULL, Process, SubprocessStreamProtocol
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import uvloop

# Bytes that a stream keeps before whoever prints has to wait; asyncio's own.
_LIMIT = 1 << 16


async def spawn(
    *command: str | Path,
    stdin: int | None = DEVNULL,
    stdout: int | None = None,
    stderr: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    start_new_session: bool = False,
) -> Process:
    """As `asyncio.create_subprocess_exec`."""
    loop = asyncio.get_running_loop()
    protocol = SubprocessStreamProtocol(limit=_LIMIT, loop=loop)
    connected = loop.create_future()
    transport = _Transport(
        loop, protocol, [str(part) for part in command], False, stdin, stdout, stderr, 0, waiter=connected, env=env,
        cwd=cwd, start_new_session=start_new_session,
    )  # fmt: skip
    try:
        await connected
    except BaseException:
        transport.close()
        await transport._wait()
        raise
    return Process(transport, protocol, loop)


class _Given:
    """A pipe's end whose descriptor becomes uvloop's alone.

    It closes a descriptor, and then the file that this came from: by then a thread may have been given the number, for
    another file.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def fileno(self) -> int:
        """For uvloop, which asks once."""
        number = os.dup(self._pipe.fileno())
        self._pipe.close()
        return number

    def close(self) -> None:
        """What was given is not ours to close."""
        self._pipe.close()


class _Transport(BaseSubprocessTransport):
    def _start(
        self, args: Any, shell: bool, stdin: Any, stdout: Any, stderr: Any, bufsize: int, **options: Any
    ) -> None:
        self._proc = subprocess.Popen(args, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=bufsize, **options)
        if isinstance(self._loop, uvloop.Loop):
            for name in ("stdin", "stdout", "stderr"):
                if (pipe := getattr(self._proc, name)) is not None:
                    setattr(self._proc, name, _Given(pipe))
        try:
            ended = os.pidfd_open(self._proc.pid)
        except OSError:
            # Kernels before 5.3, and some that only look like one.
            threading.Thread(target=self._wait_for_it, args=(self._proc,), daemon=True).start()
            return
        self._loop.add_reader(ended, self._reap, ended, self._proc)

    def _reap(self, ended: int, process: "subprocess.Popen[bytes]") -> None:
        self._loop.remove_reader(ended)
        os.close(ended)
        self._process_exited(process.wait())

    def _wait_for_it(self, process: "subprocess.Popen[bytes]") -> None:
        status = process.wait()
        # Nobody asks any more where the loop is closed.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._process_exited, status)
