"""Linux calls that Python lacks, and dropping root without losing sight of the files that are needed.

Firefly's parts run under users of their own when the server is root. What they need may lie below a folder that only
root may enter (a checkout in /root); `stage` makes just those paths visible, in a mount namespace that nobody shares.
"""

import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 32, 4096, 16384
MS_PRIVATE = 1 << 18
PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 15, 22, 24, 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
CAPABILITIES_VERSION = 0x20080522

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _MOUNT_ATTR_IDMAP = 1, 4, 0x00100000
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000

STAGE = Path("/mnt")

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, flags: int) -> None:
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)), "setns")


@contextmanager
def joined(descriptor: int, flags: int, *, own: str) -> Iterator[None]:
    """Be in another namespace of one kind (`own` names it in /proc/self/ns) for a while. Raises OSError.

    Of process ids: what is forked meanwhile is.
    """
    back = os.open(f"/proc/self/ns/{own}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(descriptor, flags)
        try:
            yield
        finally:
            setns(back, flags)
    finally:
        os.close(back)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [value.encode() if value is not None else None for value in (source, target, kind, options)]
    source_b, target_b, kind_b, options_b = encoded
    _check(_libc.mount(source_b, target_b, kind_b, ctypes.c_ulong(flags), options_b), f"mount {target}")


def own_mounts() -> None:
    """Give the calling process a mount namespace that nobody shares, from here on."""
    unshare(CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def bind_as(source: Path, target: Path, *, owner: int, seen_as: int) -> None:
    """Mount the folder `source` at `target`, with what belongs to user and group `owner` shown as `seen_as`'s.

    Needs root and Linux 5.12, and a file system that can do it. Whoever else's files are in it are nobody's there.
    Raises OSError.
    """
    tree = _call(_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | os.O_CLOEXEC)
    try:
        users = _mapping(owner, seen_as)
        try:
            attributes = struct.pack("QQQQ", _MOUNT_ATTR_IDMAP, 0, 0, users)
            _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, len(attributes))
        finally:
            os.close(users)
        _call(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
    finally:
        os.close(tree)


def _call(number: int, *arguments: object) -> int:
    """A system call that the C library may not know; these have the same numbers on every architecture."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    _check(min(result, 0), f"system call {number}")
    return result


def _mapping(inside: int, outside: int) -> int:
    """A descriptor of a user namespace with that mapping, which needs no process once it is made."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                unshare(CLONE_NEWUSER)
                theirs.send(b".")
                theirs.recv(1)
            finally:
                os._exit(0)
        theirs.close()
        try:
            ours.recv(1)
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{pid}/{name}").write_text(f"{inside} {outside} 1")
            return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            ours.close()
            os.waitpid(pid, 0)


def prctl(option: int, value: int) -> None:
    _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), 0, 0, 0), "prctl")


def name_process(name: str) -> None:
    """What /proc/<pid>/comm says, up to fifteen bytes."""
    _check(_libc.prctl(PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]), 0, 0, 0), "prctl")


@cache
def last_capability() -> int:
    return int(Path("/proc/sys/kernel/cap_last_cap").read_text())


def close_bounds() -> None:
    """Let nothing that is executed from here on gain a capability."""
    for number in range(last_capability() + 1):
        prctl(PR_CAPBSET_DROP, number)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def hold(*kept: int) -> None:
    """Give up every capability but those (numbers below 32) now, and all that could be inherited."""
    held = sum(1 << number for number in kept)
    head, sets = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)(held, held)
    _check(_libc.capset(head, sets), "capset")


def renounce(*kept: int) -> None:
    """Give up every capability but those for good: those to gain, ambient, effective, permitted, inheritable ones."""
    close_bounds()
    hold(*kept)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def refuse_calls(program: bytes) -> None:
    """Put a filter of system calls (struct sock_filter, one after the other) on the calling thread for good.

    Needs `no_new_privs` to be set, or CAP_SYS_ADMIN.
    """

    made = _Filter(len(program) // 8, program)
    _check(_libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(made), 0, 0), "seccomp")


def stage(binds: Mapping[str, Path], *, at: Path = STAGE) -> dict[str, Path]:
    """Bind `binds` (name → path) below `at` in a private mount namespace of the calling process.

    Needs root, and a process that is about to drop it: the namespace is the process's from here on. Returns the
    visible path of each name. Mounts keep being what they were, so a bound folder may be written by its owner.
    """
    own_mounts()
    sources = {name: os.open(path, os.O_PATH) for name, path in binds.items()}
    mount("tmpfs", str(at), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    visible: dict[str, Path] = {}
    for name, descriptor in sources.items():
        target = at / name
        _make_target(target, is_folder=binds[name].is_dir())
        mount(f"/proc/self/fd/{descriptor}", str(target), None, MS_BIND | MS_REC)
        os.close(descriptor)
        visible[name] = target
    return visible


def expose(paths: Iterable[Path]) -> None:
    """Let everybody pass to `paths`, folders, at their own places, in a mount namespace of the calling process.

    Needs root. What else lies below a folder that others may not enter is out of sight from here on.
    """
    own_mounts()
    wanted = set(paths)
    outermost = [path for path in wanted if wanted.isdisjoint(path.parents)]
    hidden = {path: ancestor for path in outermost if (ancestor := _closed_ancestor(path)) is not None}
    held = {path: os.open(path, os.O_PATH) for path in hidden}
    for ancestor in set(hidden.values()):
        mount("tmpfs", str(ancestor), "tmpfs", MS_NOSUID, "mode=0755,size=1m")
    for path, descriptor in held.items():
        path.mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", str(path), None, MS_BIND | MS_REC)
        os.close(descriptor)


def lend_device(path: Path, uid: int) -> None:
    """Let `uid` open the device at `path`, in a mount namespace of the calling process, where only root may elsewhere.

    Needs root. Outside udev's rules nodes such as /dev/net/tun are made for root alone. Raises OSError.
    """
    found = path.stat()
    if found.st_mode & 0o006 == 0o006:
        return
    own_mounts()
    mount("tmpfs", str(STAGE), "tmpfs", MS_NOSUID, "mode=0755,size=64k")
    node = STAGE / path.name
    os.mknod(node, 0o600 | stat.S_IFCHR, found.st_rdev)
    os.chown(node, uid, uid)
    mount(str(node), str(path), None, MS_BIND)


def _closed_ancestor(path: Path) -> Path | None:
    """The topmost folder above `path` that others may not pass through."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)


def _make_target(target: Path, *, is_folder: bool) -> None:
    if is_folder:
        target.mkdir(parents=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()


def become(uid: int, gid: int) -> None:
    """Give up root for good: groups, group, user, in this order; nothing that is executed later gains it back."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
