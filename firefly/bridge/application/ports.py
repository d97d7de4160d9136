"""Which ports accept connections, and which of them belong to one command."""

import asyncio
import contextlib
import os
from collections.abc import Iterator

from firefly.bridge.handed import PORT

_LISTENING = "0A"
# The resolver of a Docker engine listens in each container, on 127.0.0.11.
_RESOLVER = ("0B00007F", "7F00000B")
_DEBUGGERS = frozenset({9229, 5678})


async def accepts(port: int) -> bool:
    """Whether something on the loopback, of either family, takes connections."""
    for host in ("127.0.0.1", "::1"):
        try:
            async with asyncio.timeout(1):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            continue
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True
    return False


def ports_of(session: int) -> set[int]:
    """The ports on which the processes of a session listen; what cannot be looked at counts for nothing."""
    ports = dict(_listeners())
    found = {ports[inode] for pid in _members(session) for inode in _sockets(pid) if inode in ports}
    return found - _DEBUGGERS


def of_nobody() -> set[int]:
    """Ports on which something listens that is no process here: an image beside this sandbox, in its network."""
    known = {inode for pid in filter(str.isdigit, os.listdir("/proc")) for inode in _sockets(pid)}
    ports = {port for inode, port in _listeners() if inode not in known}
    return ports - _DEBUGGERS - {int(os.environ.get(PORT, 0))}


def listening() -> list[int]:
    """All ports that something listens on, but for debuggers' and the bridge's own, in order.

    In a sandbox with a network of its own they are all its own.
    """
    return sorted({port for _, port in _listeners()} - _DEBUGGERS - {int(os.environ.get(PORT, 0))})


def _listeners() -> Iterator[tuple[str, int]]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        yield from (
            (row[9], int(row[1].rpartition(":")[2], 16))
            for row in rows
            if row[3] == _LISTENING and not row[1].startswith(_RESOLVER)
        )


def _members(session: int) -> Iterator[str]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) == session:
                yield pid
        except OSError:
            continue


def _sockets(pid: str) -> Iterator[str]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:["):
                yield target[8:-1]
