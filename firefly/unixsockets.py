"""Unix sockets at a path: put in the place of an older one at once, and only spoken to by their own user."""

import os
import socket
import stat
import struct
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")


def put_in_place(path: Path, *, mode: int) -> socket.socket:
    """A socket that listens at `path`. Whoever connects meanwhile finds the older one, or this one. Blocks."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(temporary))
        temporary.chmod(mode)
        made.listen(1024)
        temporary.rename(path)
    except BaseException:
        made.close()
        temporary.unlink(missing_ok=True)
        raise
    made.setblocking(False)
    return made


def inode_of(path: Path) -> int | None:
    """Tells whether a path is still the socket that was put there."""
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def is_own(path: Path) -> bool:
    """Whether `path` is a socket of this user."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end of a connected unix socket."""
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid, uid
