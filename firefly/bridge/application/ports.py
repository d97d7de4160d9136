"""Which ports accept connections, and which of them belong to one command."""

import asyncio
import contextlib
import os
from collections.abc import Iterator

from firefly.bridge.handed import PORT

_LISTENING, _CONNECTED, _CONNECTING = "0A", "01", "02"
# How addresses of the loopback end in the kernel's tables, of both families.
_LOOPBACK = ("7F", "00000000000000000000000001000000")
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
    return {ports[inode] for inode in _sockets_of(session) if inode in ports} - _DEBUGGERS


def reaches_out(session: int) -> bool:
    """Whether a process of the session has, or wants, a connection to another machine."""
    outer = {row[9] for row in _rows(_CONNECTED, _CONNECTING) if not row[2].partition(":")[0].endswith(_LOOPBACK)}
    return not outer.isdisjoint(_sockets_of(session)) if outer else False


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
    for row in _rows(_LISTENING):
        if not row[1].startswith(_RESOLVER):
            yield row[9], int(row[1].rpartition(":")[2], 16)


def _rows(*states: str) -> Iterator[list[str]]:
    """Of the kernel's tables of connections, by columns: 1 and 2 are the addresses, 9 the inode."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        yield from (row for row in rows if row[3] in states)


def members(session: int) -> Iterator[str]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) == session:
                yield pid
        except OSError:
            continue


def _sockets_of(session: int) -> Iterator[str]:
    for pid in members(session):
        yield from _sockets(pid)


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
