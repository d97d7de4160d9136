"""A Linux call that Python lacks: open below a folder and nowhere else."""

import ctypes
import errno
import os
from typing import Final

_OPENAT2 = 437
_NO_MAGICLINKS, _BENEATH = 0x02, 0x08
_TRIES: Final = 16
_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def syscall(number: int, *arguments: object) -> int:
    """Raises OSError."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def open_beneath(folder: int, path: str, flags: int, mode: int = 0) -> int:
    """Open `path` below the descriptor `folder`; a link that leads out of it is EXDEV, wherever it stands.

    A kernel without openat2 gets a walk that follows no links at all.
    """
    how = _How(flags | os.O_CLOEXEC, mode if flags & os.O_CREAT else 0, _BENEATH | _NO_MAGICLINKS)
    for _ in range(_TRIES):
        try:
            return syscall(
                _OPENAT2,
                ctypes.c_int(folder),
                ctypes.c_char_p(os.fsencode(path or ".")),
                ctypes.byref(how),
                ctypes.c_size_t(ctypes.sizeof(how)),
            )
        except OSError as error:
            if error.errno in {errno.ENOSYS, errno.EPERM}:
                return walk_beneath(folder, path, flags, mode)
            # EAGAIN: a rename happened at the same moment, so the kernel could not be sure (openat2(2)).
            if error.errno != errno.EAGAIN:
                raise
    raise OSError(errno.EAGAIN, "the folder is being renamed all the time")


def walk_beneath(folder: int, path: str, flags: int, mode: int = 0) -> int:
    """`open_beneath` part by part; every link is ELOOP."""
    current = os.dup(folder)
    try:
        *folders, last = path.split("/") if path else ["."]
        for name in folders:
            below = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = below
        return os.open(last, flags | os.O_NOFOLLOW, mode, dir_fd=current)
    finally:
        os.close(current)
