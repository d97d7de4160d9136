"""Running git: a clean environment, a fixed configuration, an end to every process."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from ..errors import TimedOut, TooLarge, Unavailable
from ..spawning import spawn
from .flow import background

_INHERITED = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "TZ")
_GRACE = 5.0
SLOT_LIMIT = 30.0
_TAIL = 16 << 10
# Of one command's output, and of the memory that comparing may take, in bytes. A few hundred bytes of folders that hold
# one another are files without end.
LONGEST, COMPARING = 256 << 20, 256 << 20
_NO_MEMORY = "out of memory"

# Whatever a repository or the machine says: no hooks, no helpers, no surprise maintenance, and hidden refs.
FIXED = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "true",
    "core.askPass": "true",
    "credential.helper": "",
    "protocol.allow": "never",
    "transfer.hideRefs": "refs/firefly",
    "transfer.fsckObjects": "true",
    "transfer.unpackLimit": "1",
    "transfer.advertiseSID": "false",
    "receive.autogc": "false",
    "receive.denyDeleteCurrent": "refuse",
    "uploadpack.allowFilter": "true",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
}
# Mistakes of old tools that harm nobody and stand in many a history.
_HARMLESS = ("zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone", "zeroPaddedDate", "missingEmail")


class GitFailed(Exception):
    """git ended with an error; `stderr` is the tail of what it said, for whoever turns it into a sentence."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(f"git ended with {status}: {last_line(stderr)}")
        self.status = status
        self.stderr = stderr


class Git:
    """`home` is an empty folder, so that no user's configuration is ever read."""

    def __init__(self, home: Path, *, max_push: int = 2 << 30, max_processes: int = 32) -> None:
        self._home = home
        self._slots = asyncio.Semaphore(max_processes)
        self._settings = dict(FIXED)
        self._settings["receive.maxInputSize"] = str(max_push)
        for service in ("receive", "fetch"):
            self._settings.update({f"{service}.fsck.{name}": "ignore" for name in _HARMLESS})

    @staticmethod
    def check() -> None:
        """Raises Unavailable, naming the package, where the machine has no git: every project is a repository."""
        if shutil.which("git") is None:
            raise Unavailable("git is not installed, and every project is a repository. On Debian: apt install git")

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return kept | {
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            # Anybody who may push may push refs/replace.
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            **(extra or {}),
        }

    def arguments(self, *arguments: str, settings: Mapping[str, str] | None = None) -> list[str]:
        merged = self._settings | dict(settings or {})
        return ["git", *(part for name, value in merged.items() for part in ("-c", f"{name}={value}")), *arguments]

    @contextlib.asynccontextmanager
    async def process(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bool = False,
        niceness: int = 0,
        memory: int | None = None,
    ) -> AsyncIterator[Process]:
        """A running git with pipes, and with so many bytes of memory at most.

        What is left of it ends with the block. Raises Unavailable when too many run.
        """
        async with self._slot():
            starting = asyncio.ensure_future(
                spawn(
                    *self.arguments(*arguments, settings=settings),
                    env=self.environment(environment),
                    cwd=cwd or self._home,
                    stdin=PIPE if stdin else DEVNULL,
                    stdout=PIPE,
                    stderr=PIPE,
                    start_new_session=True,
                )
            )
            process = await _started(starting)
            try:
                if niceness:
                    _step_back(process, niceness)
                if memory is not None:
                    _confine(process, memory)
                yield process
            finally:
                await end(process)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(SLOT_LIMIT):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Unavailable("Too much git is going on just now. Try again in a moment.", retry_after=10) from error
        try:
            yield
        finally:
            self._slots.release()

    async def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        limit: float = 30,
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        niceness: int = 0,
        memory: int | None = None,
        input: bytes | None = None,
    ) -> str:
        """The output of a short command. Raises GitFailed, TimedOut, TooLarge."""
        running = self.process(
            *arguments, cwd=cwd, settings=settings, environment=environment, niceness=niceness, memory=memory,
            stdin=input is not None,
        )  # fmt: skip
        async with running as process:
            try:
                async with asyncio.timeout(limit):
                    out, err = await _communicate(process, input)
            except TimeoutError as error:
                raise TimedOut("git took too long.") from error
        if process.returncode and memory is not None and _NO_MEMORY in err:
            raise TooLarge("git would need more memory for this than it gets.")
        if process.returncode:
            raise GitFailed(process.returncode, err)
        return out.decode("utf-8", "surrogateescape")


async def _communicate(process: Process, input: bytes | None) -> tuple[bytes, str]:
    """All that it prints, and the tail of what it complains of, once it has ended. Raises TooLarge."""
    assert process.stdout is not None
    out = bytearray()
    async with background(tail(process.stderr)) as complaint, background(_feed(process, input)):
        while piece := await process.stdout.read(LONGEST):
            out += piece
            if len(out) > LONGEST:
                raise TooLarge(f"git has more to say of this than the {LONGEST >> 20} MiB that are read.")
        err = await complaint
        await process.wait()
    return bytes(out), err


async def _feed(process: Process, input: bytes | None) -> None:
    """It may stop listening when it has heard enough."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(input or b"")
            await process.stdin.drain()
        process.stdin.close()


def _step_back(process: Process, niceness: int) -> None:
    """Let whatever else the machine does go first."""
    # Refused where the server itself is further back already.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PGRP, process.pid, niceness)


def _confine(process: Process, memory: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))


async def _started(starting: "asyncio.Future[Process]") -> Process:
    """Whoever is cancelled meanwhile waits for the start, so that the process can be ended properly."""
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await end(await starting)
        raise


async def end(process: Process) -> None:
    """End the process and its children: asked first, so that git removes its lock files, then forced."""
    try:
        await _force(process)
    finally:
        # Pipes that nobody has read to their end would stay open until Python collects them.
        process._transport.close()  # type: ignore[attr-defined]


async def _force(process: Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await process.wait()


async def tail(stream: asyncio.StreamReader | None, most: int = _TAIL) -> str:
    """Read to the end, keep the last bytes."""
    kept = b""
    while stream is not None and (piece := await stream.read(_TAIL)):
        kept = (kept + piece)[-most:]
    return kept.decode("utf-8", "replace")


def last_line(stderr: str) -> str:
    """What to quote of git's output: printable, short."""
    lines: Sequence[str] = [line.strip() for line in stderr.replace("\r", "\n").splitlines() if line.strip()]
    chosen = next(
        (line for line in reversed(lines) if line.startswith(("fatal:", "error:"))), lines[-1] if lines else ""
    )
    return "".join(char for char in chosen if char.isprintable())[:200]
