"""inotify(7) for chosen folders only.

Watching a whole tree, as the usual libraries do, costs a kernel watch for every folder of node_modules, of which a
user has only so many; sandboxes of a server without root share one user.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag

_HEAD = struct.Struct("iIII")
_BUFFER = 256 << 10
_libc = ctypes.CDLL(None, use_errno=True)


class Mask(IntFlag):
    CLOSE_WRITE = 0x8
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x1000000
    DONT_FOLLOW = 0x2000000
    EXCL_UNLINK = 0x4000000
    ISDIR = 0x40000000


WANTED = (
    Mask.CLOSE_WRITE | Mask.MOVED_FROM | Mask.MOVED_TO | Mask.CREATE | Mask.DELETE
    | Mask.ONLYDIR | Mask.DONT_FOLLOW | Mask.EXCL_UNLINK
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawEvent:
    watch: int
    mask: Mask
    name: str


class Inotify:
    def __init__(self) -> None:
        self.descriptor = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def add(self, path: str) -> int | None:
        """Watch a folder; None when it is gone or none by now. OSError when the user has no watches left."""
        try:
            return _checked(_libc.inotify_add_watch(self.descriptor, os.fsencode(path), ctypes.c_uint32(WANTED)))
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES}:
                return None
            raise

    def remove(self, watch: int) -> None:
        _libc.inotify_rm_watch(self.descriptor, ctypes.c_int(watch))

    def read(self) -> Iterator[RawEvent]:
        """What has happened; does not wait."""
        try:
            data = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            watch, mask, _, length = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size
            name = data[offset : offset + length].rstrip(b"\0")
            offset += length
            yield RawEvent(watch, Mask(mask), os.fsdecode(name))

    def close(self) -> None:
        os.close(self.descriptor)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)
