"""Starting what a sandbox consists of: bubblewrap with the bridge inside, slirp4netns, helpers in its namespaces.

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
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from firefly import privileges

from .cgroups import Group
from .network import MTU
from .processes import children

NS_GET_USERNS = 0xB701
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
BRIDGE_FD, INFO_FD, BLOCK_FD, SECCOMP_FD = 3, 4, 5, 6
SAFE_FD = 32
MAP_LIMIT = 5.0
SLIRP_STOP_FD, SLIRP_READY_FD, SLIRP_USER_FD, SLIRP_NET_FD = 3, 4, 5, 6

Plan = Mapping[str, Any]


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
    os.closerange(max([2, *descriptors]) + 1, 4096)


def start_payload(plan: Plan, group: Group | None, output: int, descriptors: Mapping[int, int]) -> int:
    """Start bubblewrap, or where the plan has none the bridge itself; returns its process id."""

    def run() -> NoReturn:
        if group is not None:
            group.join()
        _limit_files(plan["limits"]["open_files"])
        _leave_keyring()
        nothing = os.open(os.devnull, os.O_RDONLY)
        arrange({0: nothing, 1: output, 2: output, **descriptors})
        if plan["uid"] is not None:
            if plan["stage"]:
                privileges.stage({name: Path(source) for name, source in plan["stage"].items()})
            privileges.become(plan["uid"], plan["uid"])
        os.chdir(plan["cwd"])
        os.execve(plan["command"][0], plan["command"], dict(plan["environment"]))

    return fork(run)


def _limit_files(open_files: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = open_files if hard == resource.RLIM_INFINITY else min(open_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave_keyring() -> None:
    """The kernel keys of whoever started the server must not be within reach."""
    number = KEYCTL.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(ctypes.c_long(number), KEYCTL_JOIN_SESSION_KEYRING, None)


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


class Namespaces:
    """The network namespace of a sandbox, and the user namespace that owns it."""

    def __init__(self, pid: int) -> None:
        self.net = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.user = fcntl.ioctl(self.net, NS_GET_USERNS)

    def start(self, action: Callable[[], object]) -> int:
        """Run `action` in a child that has joined both. Root need not, and may not lose sight of its files."""

        def run() -> None:
            if os.getuid() != 0:
                privileges.setns(self.user, CLONE_NEWUSER)
            privileges.setns(self.net, CLONE_NEWNET)
            action()

        return fork(run)

    def run(self, action: Callable[[], object]) -> None:
        """`start`, and wait for the end. Raises OSError where it failed."""
        wait_for(self.start(action), "the network could not be set up")


def _wait_for_user_map() -> None:
    """bubblewrap writes the map late; a program executed before that would not count as the namespace's root."""
    limit = time.monotonic() + MAP_LIMIT
    while os.geteuid() != 0 or os.getegid() != 0:
        if time.monotonic() > limit:
            raise TimeoutError("the sandbox's user was not mapped")
        time.sleep(0.001)


class WayOut:
    """slirp4netns for one namespace. It ends when this object's descriptor closes, however the supervisor ends."""

    def __init__(self, program: str, namespaces: Namespaces, uid: int | None) -> None:
        stop_read, self._stop = os.pipe2(os.O_CLOEXEC)
        ready, ready_write = os.pipe2(os.O_CLOEXEC)
        options = ["--disable-host-loopback", "--enable-sandbox", "--enable-seccomp", f"--mtu={MTU}"]
        ends = [f"--exit-fd={SLIRP_STOP_FD}", f"--ready-fd={SLIRP_READY_FD}"]
        where = ["--netns-type=path", f"/proc/self/fd/{SLIRP_NET_FD}"]

        def run() -> NoReturn:
            numbers = {SLIRP_STOP_FD: stop_read, SLIRP_READY_FD: ready_write}
            arrange({**numbers, SLIRP_USER_FD: namespaces.user, SLIRP_NET_FD: namespaces.net})
            if uid is not None:
                privileges.become(uid, uid)
            # slirp4netns 1.2 seals itself off only when it is root: here, of the sandbox's user namespace.
            privileges.setns(SLIRP_USER_FD, CLONE_NEWUSER)
            os.close(SLIRP_USER_FD)
            _wait_for_user_map()
            os.execve(program, [program, *options, *ends, *where, "tap0"], {"PATH": "/usr/bin:/bin"})

        self.pid = fork(run)
        os.close(stop_read)
        os.close(ready_write)
        self._ready = ready

    def wait(self, seconds: float) -> None:
        """Return when the device exists. Raises OSError."""
        answer = read_within(self._ready, seconds)
        os.close(self._ready)
        if not answer:
            raise OSError("slirp4netns ended at once")

    def close(self) -> None:
        os.close(self._stop)
        limit = time.monotonic() + 1
        while time.monotonic() < limit:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.002)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


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


def hand_out_sockets(listener: socket.socket) -> Callable[[], NoReturn]:
    """Serve new sockets of the namespace that the process is in: a byte asks ("4" or "6"), a descriptor answers.

    The sockets are not connected yet, so that nothing here waits for anything inside. Ends with the supervisor.
    """
    supervisor = os.getpid()

    def serve() -> NoReturn:
        privileges.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(0)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(1)
                try:
                    family = socket.AF_INET6 if connection.recv(1) == b"6" else socket.AF_INET
                    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as made:
                        socket.send_fds(connection, [b"."], [made.fileno()])
                except OSError as error:
                    sys.stderr.write(f"firefly: a socket was not handed out: {error}\n")

    return serve
