"""Two Linux calls that Python lacks: open below a folder and nowhere else; rename without overwriting."""

import ctypes
import errno
import os
import platform
from typing import Final

_OPENAT2 = 437
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347, "armv7l": 382}
_NO_MAGICLINKS, _BENEATH = 0x02, 0x08
_NOREPLACE = 1
_TRIES: Final = 16
_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def _syscall(number: int, *arguments: object) -> int:
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
            return _syscall(
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


def rename_new(source: int, name: str, target: int, new_name: str) -> None:
    """Rename below two folder descriptors; FileExistsError when `new_name` is taken, atomically."""
    number = _RENAMEAT2.get(platform.machine())
    try:
        if number is None:
            raise OSError(errno.ENOSYS, "renameat2")
        _syscall(
            number,
            ctypes.c_int(source),
            ctypes.c_char_p(os.fsencode(name)),
            ctypes.c_int(target),
            ctypes.c_char_p(os.fsencode(new_name)),
            ctypes.c_uint(_NOREPLACE),
        )
    except OSError as error:
        # EINVAL: the file system does not know the flag.
        if error.errno not in {errno.ENOSYS, errno.EINVAL}:
            raise
        _rename_checked(source, name, target, new_name)


def _rename_checked(source: int, name: str, target: int, new_name: str) -> None:
    try:
        os.stat(new_name, dir_fd=target, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name)
