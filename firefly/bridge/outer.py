"""The bridge over a network: a port on which every connection says first who it is and what it wants.

For sandboxes that no unix socket of the server leads to. What is kept inside is the SHA-256 of the token alone, so
that nothing that runs in the sandbox can pass for the server.
"""

import asyncio
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from firefly.bridge.pairing import Pairing
from firefly.errors import InvalidInput
from firefly.protocol.preface import LONGEST_LINE, OK, Preface, Refusal, Verb, refusal
from firefly.splicing import accept, keep_alive, read_line, splice

PREFACE_LIMIT = 10.0
CONNECT_LIMIT = 5.0
MOST_CONNECTIONS = 1024
# Of those, so many may not have said yet who they are.
MOST_STRANGERS = 64
_BACKLOG = 256
_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
log = structlog.get_logger()

Serve = Callable[[], asyncio.BaseProtocol]


@dataclass(frozen=True)
class Door:
    """Where to listen, and the SHA-256 of the token that opens."""

    port: int
    digest: bytes = field(repr=False)

    def opens(self, token: str) -> bool:
        return hmac.compare_digest(hashlib.sha256(token.encode()).digest(), self.digest)


class Refused(Exception):
    """Answered with its kind and sentence."""

    def __init__(self, kind: Refusal, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class Outer:
    """`serve` makes the bridge's own HTTP protocol for a connection; `gateway` is the folder of programs' sockets."""

    def __init__(self, door: Door, serve: Serve, gateway: Path) -> None:
        self._door = door
        self._serve = serve
        self._pairing = Pairing(gateway)
        self._connections: set[asyncio.Task[None]] = set()
        self._strangers = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Listen inside the block; gives the port, for where 0 was asked for."""
        with _listen(self._door.port) as listener:
            async with self._pairing.open():
                accepting = asyncio.create_task(self._accept(listener))
                try:
                    yield int(listener.getsockname()[1])
                finally:
                    for task in (accepting, *self._connections):
                        task.cancel()
                    await asyncio.gather(accepting, *self._connections, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection = await accept(listener)
            if len(self._connections) >= MOST_CONNECTIONS or self._strangers >= MOST_STRANGERS:
                with connection, suppress(OSError):
                    connection.send(refusal(Refusal.BUSY, "Too many connections at once. Try again."))
                continue
            task = asyncio.create_task(self._welcome(connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        """Serve a connection to its end. One that becomes the bridge's, or the pairing's, is theirs to close."""
        given = False
        try:
            keep_alive(connection)
            given = await self._turn(connection, await self._introduce(connection))
        except Refused as refused:
            log.info("outer.refused", kind=refused.kind, reason=str(refused))
            with suppress(OSError):
                connection.send(refusal(refused.kind, str(refused)))
        except OSError:
            log.debug("outer.lost")
        finally:
            if not given:
                connection.close()

    async def _introduce(self, connection: socket.socket) -> Preface:
        self._strangers += 1
        try:
            async with asyncio.timeout(PREFACE_LIMIT):
                preface = Preface.parse(await read_line(connection, LONGEST_LINE))
        except (TimeoutError, InvalidInput) as error:
            raise Refused(Refusal.INVALID, "Say first who you are and what you want.") from error
        finally:
            self._strangers -= 1
        if not self._door.opens(preface.token):
            raise Refused(Refusal.DENIED, "The token is not the one of this sandbox.")
        return preface

    async def _turn(self, connection: socket.socket, preface: Preface) -> bool:
        """Do what was asked for; true where the connection is somebody else's now."""
        loop = asyncio.get_running_loop()
        match preface.verb:
            case Verb.BRIDGE:
                await loop.sock_sendall(connection, OK)
                await loop.connect_accepted_socket(self._serve, connection)
            case Verb.GATEWAY:
                await loop.sock_sendall(connection, OK)
                self._pairing.wait(connection, preface.argument)
            case Verb.PORT:
                with await _dial(preface.argument) as inner:
                    await loop.sock_sendall(connection, OK)
                    await splice(connection, inner)
                return False
        return True


def _listen(port: int) -> socket.socket:
    """All addresses, of both families where the sandbox has both."""
    if socket.has_dualstack_ipv6():
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
    else:
        listener = socket.create_server(("", port), backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


async def _dial(argument: str) -> socket.socket:
    """Connect to a port on the loopback: 127.0.0.1, then ::1. Raises Refused."""
    port = int(argument) if argument.isascii() and argument.isdigit() and len(argument) <= 5 else 0
    if not 1 <= port <= 65535:
        raise Refused(Refusal.INVALID, f"{argument} is not a port.")
    for family, address in _LOOPBACKS:
        if (found := await _try(family, address, port)) is not None:
            return found
    raise Refused(Refusal.REFUSED, f"Nothing listens on port {port} in the sandbox.")


async def _try(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    made = None
    try:
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        async with asyncio.timeout(CONNECT_LIMIT):
            await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException as error:
        if made is not None:
            made.close()
        if isinstance(error, TimeoutError):
            raise Refused(Refusal.TIMEOUT, f"Port {port} in the sandbox does not answer.") from error
        if isinstance(error, OSError):
            return None
        raise
    return made
