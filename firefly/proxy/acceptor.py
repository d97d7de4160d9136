"""Accepts connections: gives each its seat before anything of it is read, and rests where descriptors run out."""

import asyncio
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING

import structlog

from firefly import descriptors

from . import announced
from .announced import BadHeader
from .connection import Connection
from .forwarded import UNKNOWN, Visitor
from .seats import Seat

if TYPE_CHECKING:
    from .context import Context

log = structlog.get_logger()

# Connections accepted in one turn of the loop; those that are open already have their turn in between.
AT_ONCE = 16
# Seconds until the next try after the machine had nothing left for another connection.
REST = 0.25
# And between two lines of the log about it.
TELL_EVERY = 60.0
# Descriptors that connections leave to those that are served already, at least and as a part of all: without one to
# its target no request is answered. The kernel gives the lowest number that is free.
SPARE, PART_OF_SPARE = 8, 20
# Seconds until a silent client is asked whether it is still there, and between askings; how many go unanswered.
ALIVE_AFTER, ALIVE_EVERY, ALIVE_TIMES = 60, 20, 3


class Acceptor:
    """One listening socket. libuv's own would take connections that it has no descriptor for, and close them."""

    def __init__(
        self, listener: socket.socket, context: "Context", kind: type[Connection], tls: ssl.SSLContext | None
    ) -> None:
        self.socket = listener
        _keep_alive(listener)
        self._context = context
        self._kind = kind
        self._tls = tls
        allowed = descriptors.allowed()
        self._highest = allowed - max(SPARE, allowed // PART_OF_SPARE)
        self._quiet_until = 0.0
        self._resting: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._accept)

    def close(self) -> None:
        """Stop listening."""
        if self._resting is not None:
            self._resting.cancel()
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        self.socket.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, peer = self.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in descriptors.EXHAUSTED:
                    self._rest(str(error))
                    return
                # It is gone already.
                continue
            if connection.fileno() > self._highest:
                self._turn_away(connection)
                self._rest("Only those are left that connections need to their targets.")
                return
            self._receive(connection, peer[0] if isinstance(peer, tuple) else UNKNOWN)

    def _rest(self, why: str) -> None:
        """Leave what waits in the kernel's queue until descriptors may be free again."""
        self._context.counters["exhausted"] += 1
        self._context.pool.close()
        if self._context.now >= self._quiet_until:
            self._quiet_until = self._context.now + TELL_EVERY
            log.warning("proxy.exhausted", why=why, connections=self._context.seats.taken)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.socket.fileno())
        self._resting = loop.call_later(REST, self.open)

    def _receive(self, connection: socket.socket, address: str) -> None:
        context = self._context
        refused = context.announced and not context.proxies.trusts(address)
        seat = None if refused else context.seats.take(address)
        if seat is None:
            self._turn_away(connection)
        else:
            self._context.spawn(self._serve(connection, address, seat))

    def _turn_away(self, connection: socket.socket) -> None:
        self._context.counters["turned_away"] += 1
        connection.close()

    async def _serve(self, connection: socket.socket, address: str, seat: Seat) -> None:
        context = self._context
        connection.setblocking(False)
        try:
            if context.announced:
                address = await announced.read(connection, within=context.limits.head_time) or address
                if not seat.belong(address):
                    raise BadHeader("This address has its fill.")
        except BaseException as error:
            seat.leave()
            self._turn_away(connection)
            if not isinstance(error, BadHeader | OSError):
                raise
            log.info("connection.unannounced", address=address, why=str(error))
            return
        await self._open(connection, address, seat)

    async def _open(self, connection: socket.socket, address: str, seat: Seat) -> None:
        context, tls = self._context, self._tls
        visitor = Visitor(address, context.proxies, scheme=b"https" if tls else b"http")
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._kind, context, visitor, seat),
                connection,
                ssl=tls,
                ssl_handshake_timeout=context.limits.head_time if tls else None,
                # It also ends what the client has not read yet.
                ssl_shutdown_timeout=context.limits.stall_time if tls else None,
            )
        except OSError:
            # No handshake, or the end of the connection before it.
            seat.leave()
        except BaseException:
            seat.leave()
            raise


def _keep_alive(listener: socket.socket) -> None:
    """Let the kernel notice clients that vanished without a word; a tunnel that is silent would stay for ever."""
    if listener.family in (socket.AF_INET, socket.AF_INET6):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, ALIVE_AFTER)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ALIVE_EVERY)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, ALIVE_TIMES)
