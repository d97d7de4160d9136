"""A Linux call that Python lacks: rename without overwriting."""

import ctypes
import errno
import os
import platform

from firefly.beneath import syscall

_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347, "armv7l": 382}
_NOREPLACE = 1


def rename_new(source: int, name: str, target: int, new_name: str) -> None:
    """Rename below two folder descriptors; FileExistsError when `new_name` is taken, atomically."""
    number = _RENAMEAT2.get(platform.machine())
    try:
        if number is None:
            raise OSError(errno.ENOSYS, "renameat2")
        syscall(
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
