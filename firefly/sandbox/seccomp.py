"""The system calls that nothing inside a sandbox may make, as a filter that bubblewrap sets before it runs the bridge.

A deny-list: what is left out keeps every language, debugger and package manager working. Whoever calls what is on it
gets an error, not a signal. The program is classic BPF over `struct seccomp_data` (seccomp(2), linux/filter.h).
"""

import errno
import platform
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

_LOAD, _EQUALS, _AT_LEAST, _HAS_ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
# Calls of the x32 table of x86_64 have this bit; they would pass by numbers that no list names.
_X32 = 0x40000000

# New namespaces: of files, groups, names, IPC, users, processes, network; of time by unshare alone, since the bit
# belongs to clone's signal.
_NAMESPACES, _TIME = 0x7E020000, 0x80
# Typing into somebody's terminal, and pasting into the machine's console.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; the others are seldom used kernel code, or lead past the network namespace.
_FAMILIES = (1, 2, 10, 16)

# Numbers on x86_64 and aarch64 (asm/unistd_64.h, asm-generic/unistd.h); None: there is no such call.
REFUSED: Mapping[str, tuple[int, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
# As if the kernel were older: glibc and libuv then do without. What clone3 is asked for no filter can read.
_UNKNOWN: Mapping[str, tuple[int, int | None]] = {
    "clone3": (435, 435),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
}


@dataclass(frozen=True, slots=True)
class _Architecture:
    """`code` is AUDIT_ARCH_*, `column` the place of its numbers above."""

    code: int
    column: int
    clone: int
    unshare: int
    ioctl: int
    socket: int


_ARCHITECTURES: Mapping[str, _Architecture] = {
    "x86_64": _Architecture(0xC000003E, 0, clone=56, unshare=272, ioctl=16, socket=41),
    "aarch64": _Architecture(0xC00000B7, 1, clone=220, unshare=97, ioctl=29, socket=198),
}


@cache
def program(machine: str | None = None) -> bytes:
    """The filter for this machine's architecture (`platform.machine()`); empty where none is known for it."""
    architecture = _ARCHITECTURES.get(machine or platform.machine())
    return b"".join(_instructions(architecture)) if architecture else b""


def _instructions(architecture: _Architecture) -> Iterable[bytes]:
    yield _load(_ARCHITECTURE_AT)
    # Calls by another architecture's table, of 32 bits for one, have other numbers.
    yield _jump(_EQUALS, architecture.code, yes=1)
    yield _fail(errno.ENOSYS)
    yield _load(_NUMBER_AT)
    yield _jump(_AT_LEAST, _X32, no=1)
    yield _fail(errno.ENOSYS)
    for calls, code in ((REFUSED, errno.EPERM), (_UNKNOWN, errno.ENOSYS)):
        for numbers in calls.values():
            number = numbers[architecture.column]
            if number is not None:
                yield from _when(number, [_fail(code)])
    for number, flags in ((architecture.clone, _NAMESPACES), (architecture.unshare, _NAMESPACES | _TIME)):
        yield from _when(number, [_load(_argument(0)), _jump(_HAS_ANY, flags, no=1), _fail(errno.EPERM)])
    terminals = [part for value in (_TIOCSTI, _TIOCLINUX) for part in (_jump(_EQUALS, value, no=1), _fail(errno.EPERM))]
    yield from _when(architecture.ioctl, [_load(_argument(1)), *terminals])
    families = [part for value in _FAMILIES for part in (_jump(_EQUALS, value, no=1), _allow())]
    yield from _when(architecture.socket, [_load(_argument(0)), *families, _fail(errno.EAFNOSUPPORT)])
    yield _allow()


def _when(number: int, then: Sequence[bytes]) -> Iterable[bytes]:
    """What is done for one call; the call is allowed where that comes to no end."""
    yield _jump(_EQUALS, number, no=len(then) + 1)
    yield from then
    yield _allow()


def _argument(index: int) -> int:
    """Where the lower half of an argument lies; both architectures are little-endian."""
    return _ARGUMENTS_AT + 8 * index


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _jump(test: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """Skip so many instructions where the test holds, or does not."""
    return struct.pack("=HBBI", test, yes, no, value)


def _fail(code: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, _ERROR | code)


def _allow() -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, _ALLOW)
