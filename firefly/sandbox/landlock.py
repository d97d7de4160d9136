"""Landlock: a process, and all that it starts, may write below a few folders only, whatever leads elsewhere.

Mounts say what is there; this also holds for files that were opened or executed before the sandbox was entered, which
/proc/self/exe for one leads to. Standard library only; landlock(7), linux/landlock.h.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from functools import cache

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
# The first one with which files may be renamed from one folder into another, and with which truncating counts.
_REFER_VERSION, _TRUNCATE_VERSION = 2, 3
# Write to files; remove folders and files; make devices, folders, files, sockets, pipes and links; rename across.
_WRITE = 1 << 1 | 0b1111111111 << 4
_TRUNCATE = 1 << 14

_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return result


@cache
def version() -> int:
    """Of the kernel's Landlock; 0 where it has none, or one that would keep files from being renamed."""
    try:
        found = _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    except OSError:
        return 0
    return found if found >= _REFER_VERSION else 0


def keep_to(folders: Iterable[str]) -> None:
    """Let nothing be written but below `folders`, from here on. Needs `no_new_privs`. Raises OSError."""
    rights = _WRITE | (_TRUNCATE if version() >= _TRUNCATE_VERSION else 0)
    rules = _call(_CREATE_RULESET, struct.pack("Q", rights), ctypes.c_size_t(8), 0)
    for folder in folders:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
        os.close(descriptor)
    _call(_RESTRICT_SELF, rules, 0)
    os.close(rules)
