"""This terminal, joined to one in a sandbox."""

import asyncio
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from firefly.client.bridge import BridgeClient
from firefly.client.bridge_connection import BridgeConnection, Notification
from firefly.protocol.frames import Frame
from firefly.protocol.terminal import Opened

from .command import Failure


async def attach(bridge: BridgeClient) -> int:
    """Keys go there, output comes here, until the shell ends; its exit code."""
    size = shutil.get_terminal_size()
    async with bridge.connect() as connection:
        await connection.hello("firefly shell")
        opened = await connection.open_terminal(cols=size.columns, rows=size.lines)
        with _raw_mode(), _keys(connection, opened), _sizes(connection, opened):
            return await _until_exit(connection, opened)


async def _until_exit(connection: BridgeConnection, opened: Opened) -> int:
    async for item in connection.incoming():
        if isinstance(item, Frame) and item.channel == opened.channel:
            sys.stdout.buffer.write(item.payload)
            sys.stdout.buffer.flush()
        elif isinstance(item, Notification) and item.method == "terminal.exited" and item.params["id"] == opened.id:
            code = item.params.get("code")
            return code if isinstance(code, int) and code >= 0 else 1
    raise Failure("The connection was lost. The shell goes on in the sandbox: the editor shows it.")


@contextmanager
def _raw_mode() -> Iterator[None]:
    """Every key goes through, Ctrl-C too; the terminal is given back as it was."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _keys(connection: BridgeConnection, opened: Opened) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[bytes] = asyncio.Queue(1024)
    descriptor = sys.stdin.fileno()

    async def send() -> None:
        while True:
            payload = await waiting.get()
            await connection.type(opened.channel, payload)

    sender = asyncio.create_task(send(), name="terminal keys")
    loop.add_reader(descriptor, lambda: None if waiting.full() else waiting.put_nowait(os.read(descriptor, 4096)))
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        sender.cancel()


@contextmanager
def _sizes(connection: BridgeConnection, opened: Opened) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[object]] = set()

    def resized() -> None:
        size = shutil.get_terminal_size()
        task: asyncio.Task[object] = asyncio.create_task(
            connection.resize_terminal(opened.id, cols=size.columns, rows=size.lines)
        )
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGWINCH, resized)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
        for task in tasks:
            task.cancel()
