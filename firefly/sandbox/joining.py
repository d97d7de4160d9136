"""The sandbox's network from outside: joining its namespaces, slirp4netns, and sockets for the server.

Standard library only: runs in the supervisor, which has one thread, so that it may fork.
"""

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from firefly import privileges

from . import network
from .launch import CLONE_NEWNET, CLONE_NEWUSER, arrange, fork, read_within, wait_for
from .network import MTU

NS_GET_USERNS = 0xB701
PR_SET_PDEATHSIG = 1
SLIRP_STOP_FD, SLIRP_READY_FD, SLIRP_USER_FD, SLIRP_NET_FD = 3, 4, 5, 6
MAP_LIMIT, READY_LIMIT, END_LIMIT = 5.0, 10.0, 1.0
REOPENINGS = 8
TUN = Path("/dev/net/tun")


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
        """Run `action` in the network namespace. Raises OSError where it failed."""
        if os.getuid() != 0:
            wait_for(self.start(action), "the network could not be set up")
            return
        # Root finds its way back, and a fork costs more than all that is done here.
        with privileges.joined(self.net, CLONE_NEWNET, own="net"):
            action()


def _wait_for_user_map() -> None:
    """bubblewrap writes the map late; a program executed before that would not count as the namespace's root."""
    limit = time.monotonic() + MAP_LIMIT
    while os.geteuid() != 0 or os.getegid() != 0:
        if time.monotonic() > limit:
            raise TimeoutError("the sandbox's user was not mapped")
        time.sleep(0.001)


class WayOut:
    """slirp4netns for one namespace. It ends when this object's descriptor closes, however the supervisor ends."""

    def __init__(self, program: str, namespaces: Namespaces, uid: int | None, *, log: int) -> None:
        stop_read, self._stop = os.pipe2(os.O_CLOEXEC)
        ready, ready_write = os.pipe2(os.O_CLOEXEC)
        options = ["--disable-host-loopback", "--enable-sandbox", "--enable-seccomp", f"--mtu={MTU}"]
        ends = [f"--exit-fd={SLIRP_STOP_FD}", f"--ready-fd={SLIRP_READY_FD}"]
        where = ["--netns-type=path", f"/proc/self/fd/{SLIRP_NET_FD}"]

        def run() -> NoReturn:
            numbers = {1: log, 2: log, SLIRP_STOP_FD: stop_read, SLIRP_READY_FD: ready_write}
            arrange({**numbers, SLIRP_USER_FD: namespaces.user, SLIRP_NET_FD: namespaces.net})
            if uid is not None:
                privileges.lend_device(TUN, uid)
                privileges.become(uid, uid)
            # slirp4netns 1.2 seals itself off only when it is root: here, of the sandbox's user namespace.
            privileges.setns(SLIRP_USER_FD, CLONE_NEWUSER)
            os.close(SLIRP_USER_FD)
            _wait_for_user_map()
            # What is paused does not see that its descriptor closes. New credentials would take this back.
            privileges.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
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

    def pause(self, paused: bool) -> None:
        """Let it look for nothing, or go on. By itself it looks every second."""
        os.kill(self.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def close(self) -> None:
        self.pause(False)
        os.close(self._stop)
        limit = time.monotonic() + END_LIMIT
        while time.monotonic() < limit:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.002)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


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


class Network:
    """What the supervisor holds of the network: closed at first, then opened, opened again when slirp4netns ends."""

    def __init__(self, pid: int, *, slirp: str | None, uid: int | None, log: int) -> None:
        self.namespaces = Namespaces(pid)
        self._slirp = slirp
        self._uid = uid
        self._log = log
        self._way_out: WayOut | None = None
        self._helper: int | None = None
        self._reopenings = 0

    def refuse(self, addresses: list[str]) -> None:
        """Close it to private and own addresses. Raises OSError."""
        self.namespaces.run(partial(network.refuse, addresses))

    def hand_out(self, listener: socket.socket) -> None:
        self._helper = self.namespaces.start(hand_out_sockets(listener))

    def begin(self) -> None:
        """Start slirp4netns where there is one; it takes its time."""
        if self._slirp is not None:
            self._way_out = WayOut(self._slirp, self.namespaces, self._uid, log=self._log)

    def open(self) -> int | None:
        """Open the way out that was begun; returns slirp4netns's id, None where there is none. Raises OSError."""
        if self._way_out is None:
            return None
        self._way_out.wait(READY_LIMIT)
        self.namespaces.run(network.open_way_out)
        return self._way_out.pid

    def pause(self, paused: bool) -> None:
        """Stop what makes the network, while nothing inside can use it, or let it go on."""
        if self._way_out is not None:
            self._way_out.pause(paused)

    def reopen(self) -> int | None:
        """After the end of slirp4netns, with which its device went; the refusing routes are still there."""
        self._close_way_out()
        self._reopenings += 1
        if self._reopenings > REOPENINGS:
            raise OSError("it was lost too often")
        self.begin()
        return self.open()

    def _close_way_out(self) -> None:
        if self._way_out is not None:
            self._way_out.close()
            self._way_out = None

    def close(self) -> None:
        if self._helper is not None:
            os.kill(self._helper, signal.SIGKILL)
        self._close_way_out()
