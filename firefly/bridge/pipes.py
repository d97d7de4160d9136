"""Pipes between this process and its threads or children, without a thread that waits for them."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def pipe(room: int) -> tuple[int, int]:
    """Descriptors to read from and to write to; up to `room` bytes wait to be read, 0: as many as usual."""
    reading, writing = os.pipe()
    if room:
        # Refused to a user who has many of them.
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, room)
    return reading, writing


@asynccontextmanager
async def following(descriptor: int, *, limit: int) -> AsyncIterator[asyncio.StreamReader]:
    """The end to read from, which is closed with the block; twice `limit` bytes are read ahead."""
    reader = asyncio.StreamReader(limit=limit)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        yield reader
    finally:
        transport.close()


@asynccontextmanager
async def feeding(descriptor: int) -> AsyncIterator[asyncio.StreamWriter]:
    """The end to write to. At the end of the block it is closed, once all is taken that was written."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", buffering=0)
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        yield writer
    finally:
        transport.close()
