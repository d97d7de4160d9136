"""Sockets inside a sandbox's network namespace, made from outside; nothing inside ever hands the server one."""

import asyncio
import os
import socket
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firefly import privileges
from firefly.connecting import connect
from firefly.errors import InvalidInput, TimedOut, Unavailable

from .control import fetch_descriptor
from .launch import CLONE_NEWNET

CONNECT_LIMIT = 5.0
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class SocketSource(ABC):
    """Makes sockets that are not connected yet and do not block. `only`: the one port to reach; None: any."""

    only: int | None = None

    @abstractmethod
    def make(self, family: socket.AddressFamily) -> socket.socket:
        """Short, but blocking. Raises OSError."""

    def close(self) -> None:
        """Let go of the namespace; most sources hold none."""
        return


class JoiningSource(SocketSource):
    """As root: the calling thread joins the namespace, makes the socket and goes back."""

    def __init__(self, namespace: int) -> None:
        self._namespace = namespace
        self._using = threading.Lock()

    def make(self, family: socket.AddressFamily) -> socket.socket:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with self._using:
                privileges.setns(self._namespace, CLONE_NEWNET)
            try:
                return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            finally:
                privileges.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)

    def close(self) -> None:
        """A thread may be about to join: it must not find another sandbox's namespace under the same number."""
        with self._using:
            namespace, self._namespace = self._namespace, -1
        if namespace >= 0:
            os.close(namespace)


class HelperSource(SocketSource):
    """As an ordinary user: the supervisor's helper, which has joined the namespace, hands sockets out."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self, family: socket.AddressFamily) -> socket.socket:
        request = b"6" if family == socket.AF_INET6 else b"4"
        made = socket.socket(fileno=fetch_descriptor(self._path, request))
        made.setblocking(False)
        return made


class HostSource(SocketSource):
    """Without isolation: the machine's own loopback, where other projects and services listen too."""

    def __init__(self, port: int) -> None:
        self.only = port

    def make(self, family: socket.AddressFamily) -> socket.socket:
        return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)


class Dialer:
    """Connects into sandboxes. Its threads join namespaces, so they are its own and do nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-dial")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def connect(self, source: SocketSource, port: int) -> socket.socket:
        """Raises Unavailable where nothing listens, TimedOut where nothing answers in time."""
        if not 1 <= port <= 65535:
            raise InvalidInput(f"{port} is not a port.", field="port")
        if source.only not in (None, port):
            raise Unavailable(f"Without isolation only the application's own port, {source.only}, can be reached.")
        for family, address in LOOPBACKS:
            found = await self._try(source, family, address, port)
            if found is not None:
                return found
        raise Unavailable(f"Nothing listens on port {port} in the sandbox.")

    async def _try(
        self, source: SocketSource, family: socket.AddressFamily, address: str, port: int
    ) -> socket.socket | None:
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._threads, source.make, family)
        try:
            made = await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_close_made)
            raise
        except OSError as error:
            raise Unavailable("The sandbox has ended.") from error
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                await connect(made, (address, port))
        except TimeoutError as error:
            made.close()
            raise TimedOut(f"Port {port} in the sandbox does not answer.") from error
        except OSError:
            made.close()
            return None
        except BaseException:
            made.close()
            raise
        return made


def _close_made(making: "asyncio.Future[socket.socket]") -> None:
    """For whoever asked for the socket and was cancelled before the thread had made it."""
    if not making.cancelled() and making.exception() is None:
        making.result().close()
