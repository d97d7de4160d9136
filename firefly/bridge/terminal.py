"""One shell on a real pseudo-terminal, with the end of what it printed and everyone who looks at it."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from firefly.protocol.frames import FrameKind, encode

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

SCROLLBACK = 256 << 10
CHUNK = 64 << 10
MOST_TYPED = 1 << 20
_HANG_UP = 2.0


class Terminal:
    """Lives until its shell ends; connections come and go. A viewer who reads slowly makes the shell wait."""

    def __init__(self, name: str, *, cols: int, rows: int, member: str) -> None:
        self.id, self.member = name, member
        self.cols, self.rows = cols, rows
        self.opened = datetime.now(UTC)
        self.code: int | None = None
        self._scrollback = bytearray()
        self._viewers: dict[tuple[int, int], tuple[Connection, int]] = {}
        self._typed = bytearray()
        self._master = -1
        self._process: asyncio.subprocess.Process | None = None
        self._ended: asyncio.Task[None] | None = None
        self._paused: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()

    async def start(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_exit: Callable[["Terminal"], None]
    ) -> None:
        self._master, slave = pty.openpty()
        try:
            os.set_blocking(self._master, False)
            self.resize(self.cols, self.rows)
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=cwd,
                env=dict(env),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._ended = asyncio.create_task(self._follow(self._process, on_exit), name=f"terminal-{self.id}")

    def attach(self, peer: "Connection") -> int:
        """A channel of `peer` on which it sees what is printed from now on, and types."""
        channel = peer.open_channel(self.type)
        key = (id(peer), channel)
        self._viewers[key] = (peer, channel)
        peer.on_close(key, lambda: self._viewers.pop(key, None))
        return channel

    def replay(self, peer: "Connection", channel: int) -> None:
        """Send what was printed last."""
        for start in range(0, len(self._scrollback), CHUNK):
            peer.outbox.put(encode(FrameKind.TERMINAL, channel, bytes(self._scrollback[start : start + CHUNK])))

    def viewers(self) -> list["Connection"]:
        return list({id(peer): peer for peer, _ in self._viewers.values()}.values())

    @property
    def waiting(self) -> bool:
        """Whether the shell is held up by someone who reads slowly."""
        return self._paused is not None and not self._paused.done()

    def resize(self, cols: int, rows: int) -> None:
        self.cols, self.rows = cols, rows
        if self.code is None:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, data: bytes) -> None:
        """What a viewer typed. A program that does not read loses what is beyond a limit, like a real terminal."""
        if self.code is not None or len(self._typed) + len(data) > MOST_TYPED:
            return
        self._typed += data
        self._writable()

    async def close(self) -> None:
        """Hang up; end what stays."""
        if self._process is None or self.code is not None:
            return
        for number in (signal.SIGHUP, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            if self._ended:
                await asyncio.wait({self._ended}, timeout=_HANG_UP)
            if self.code is not None:
                return

    def _readable(self) -> None:
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
            self._drained.set()
            return
        self._keep(data)
        for peer, channel in self._viewers.values():
            peer.outbox.put(encode(FrameKind.TERMINAL, channel, data))
        if any(peer.outbox.congested for peer, _ in self._viewers.values()):
            self._pause()

    def _keep(self, data: bytes) -> None:
        self._scrollback += data
        if len(self._scrollback) > SCROLLBACK:
            spare = len(self._scrollback) - SCROLLBACK
            # Begin with a whole line, so that no control sequence is cut in two.
            line_end = self._scrollback.find(b"\n", spare, spare + 4096)
            del self._scrollback[: line_end + 1 if line_end >= 0 else spare]

    def _pause(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._paused = asyncio.create_task(self._resume_with_room())

    async def _resume_with_room(self) -> None:
        for peer in self.viewers():
            await peer.outbox.room()
        if self.code is None and self._master >= 0:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            del self._typed[: os.write(self._master, self._typed)]
        except BlockingIOError:
            pass
        except OSError:
            self._typed.clear()
        if self._typed:
            loop.add_writer(self._master, self._writable)
        else:
            loop.remove_writer(self._master)

    async def _follow(self, process: asyncio.subprocess.Process, on_exit: Callable[["Terminal"], None]) -> None:
        code = await process.wait()
        # A program left in the background keeps the terminal open; what it prints later has no terminal any more.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANG_UP):
                await self._drained.wait()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        if self._paused:
            self._paused.cancel()
        self.code = code
        os.close(self._master)
        self._master = -1
        on_exit(self)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Scripts start what runs in the background with these ignored, and shells hand that on.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
