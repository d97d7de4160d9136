"""Starting processes of a sandbox: forking, arranging descriptors, limiting, dropping root, waiting.

Standard library only: runs in the supervisor, which has one thread, so that it may fork.
"""

import contextlib
import ctypes
import fcntl
import os
import platform
import resource
import select
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from firefly import privileges

from . import overlays
from .processes import children

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
BRIDGE_FD, INFO_FD, BLOCK_FD, SECCOMP_FD = 3, 4, 5, 6
SAFE_FD, MOST_DESCRIPTORS = 32, 4096

Plan = Mapping[str, Any]

_libc = ctypes.CDLL(None)


def fork(action: Callable[[], object]) -> int:
    """Run `action` in a child, which never returns; what it raises goes to its stderr and ends it with code 126."""
    pid = os.fork()
    if pid:
        return pid
    code = 126
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        action()
        code = 0
    except BaseException as error:
        os.write(2, f"firefly: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def arrange(descriptors: Mapping[int, int]) -> None:
    """Give open descriptors (number wanted → number now) their numbers, inherited; close every other above stderr."""
    kept = {wanted: fcntl.fcntl(now, fcntl.F_DUPFD, SAFE_FD) for wanted, now in descriptors.items()}
    for wanted, copy in kept.items():
        os.dup2(copy, wanted, inheritable=True)
    os.closerange(max([2, *descriptors]) + 1, MOST_DESCRIPTORS)


def filled_pipe(data: bytes) -> int:
    """The reading end of a pipe that holds `data`, at most what a pipe takes, and ends after it."""
    read, write = os.pipe2(os.O_CLOEXEC)
    os.write(write, data)
    os.close(write)
    return read


def drop_root(plan: Plan) -> None:
    """Become the workspace's user, who is shown what the plan names although it lies below folders of root's."""
    if plan["overlay"]:
        overlays.mount(plan["overlay"])
    if plan["stage"]:
        privileges.stage({name: Path(source) for name, source in plan["stage"].items()})
    elif not plan["isolated"]:
        privileges.expose(Path(path) for path in plan["exposed"])
    privileges.become(plan["uid"], plan["uid"])


def limit_files(open_files: int, size: int) -> None:
    """How many a process may have open, and how large one may become."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = open_files if hard == resource.RLIM_INFINITY else min(open_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def leave_keyring() -> None:
    """The kernel keys of whoever started the server must not be within reach."""
    number = KEYCTL.get(platform.machine())
    if number is not None:
        _libc.syscall(ctypes.c_long(number), KEYCTL_JOIN_SESSION_KEYRING, None)


def limit_process(pid: int, *, uid: int | None, memory: int, pids: int) -> None:
    """Where there are no control groups: limit each process's own memory, and their number in the sandbox.

    The number counts per user namespace because `pid` is already in its own. RLIMIT_AS would break Node. Done as the
    sandbox's user, who may do it without any privilege. Raises OSError.
    """

    def run() -> None:
        if uid is not None:
            privileges.become(uid, uid)
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
        resource.prlimit(pid, resource.RLIMIT_NPROC, (pids, pids))

    wait_for(fork(run), "limits could not be set")


def wait_for(pid: int, complaint: str) -> None:
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise OSError(complaint)


def read_within(descriptor: int, seconds: float, *, until: bytes = b"") -> bytes:
    """What a pipe gives up to `until` (else: first); less at its end. Raises TimeoutError."""
    limit = time.monotonic() + seconds
    found = b""
    while True:
        if not select.select([descriptor], [], [], max(limit - time.monotonic(), 0))[0]:
            raise TimeoutError("a part of the sandbox did not answer")
        data = os.read(descriptor, 4096)
        found += data
        if not data or until in found:
            return found


def reap_all(*, within: float) -> None:
    """Kill and collect every child, orphans that fell to this process among them, until none is left."""
    limit = time.monotonic() + within
    while time.monotonic() < limit:
        for pid in children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)
