"""A program on a terminal of its own, as a person has it: keys are typed, what it shows is awaited."""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from .waiting import eventually


class Terminal:
    """Made by `terminal`; `text` is everything that was shown so far."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self.text = ""
        self._descriptor = descriptor
        self._process = process

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def shows(self, text: str, *, within: float = 30) -> None:
        """Wait until `text` is there. Raises AssertionError with all that was shown instead."""

        def shown() -> bool:
            assert text in self.text, f"waited for {text!r}, saw {self.text!r}"
            return True

        await eventually(shown, within=within)

    async def ends(self, *, within: float = 30) -> int:
        """The exit code."""
        return await asyncio.wait_for(self._process.wait(), within)

    def read(self) -> None:
        try:
            self.text += os.read(self._descriptor, 65536).decode(errors="replace")
        except OSError:  # the program, the last to hold the other side, has ended
            asyncio.get_running_loop().remove_reader(self._descriptor)


def _take_over() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@asynccontextmanager
async def terminal(*command: str, environment: Mapping[str, str], folder: Path) -> AsyncIterator[Terminal]:
    """Run `command` on a new terminal of 80 by 24; what still runs at the end of the block is killed."""
    ours, theirs = os.openpty()
    kept = {name: value for name, value in environment.items() if name not in {"COLUMNS", "LINES"}}
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=kept | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=_take_over,
        )  # fmt: skip
    finally:
        os.close(theirs)
    made = Terminal(ours, process)
    made.resize(80, 24)
    asyncio.get_running_loop().add_reader(ours, made.read)
    try:
        yield made
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)
