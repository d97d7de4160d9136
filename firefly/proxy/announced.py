"""The PROXY protocol, versions 1 and 2: a proxy says before everything else, below TLS, who came to it.

The specification is haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

import asyncio
import ipaddress
import re
import socket
from typing import Final

from .forwarded import UNKNOWN

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_BEGINNING: Final = b"PROXY "
_FIXED: Final = 16
"""Bytes of version 2 that say how many follow."""
LONGEST_LINE = 107
# Addresses and what else a proxy tells, which may be a whole certificate's name.
LONGEST = 4096

_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [\x20-\x7e]*+)?"
    rb"|TCP(?:4 ([0-9.]++) [0-9.]++|6 ([0-9A-Fa-f:.]++) [0-9A-Fa-f:.]++) [0-9]{1,5} [0-9]{1,5})\r\n"
)
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED, _TCP4, _TCP6, _UNIX = 0x00, 0x11, 0x21, 0x31
# Bytes of both addresses and ports, and where the one that came ends.
_SIZES = {_UNSPECIFIED: (0, 0), _TCP4: (12, 4), _TCP6: (36, 16), _UNIX: (216, 0)}


class BadHeader(Exception):
    """What a proxy does not send."""


class Header:
    """Follows one header. `address` is who came; None while it is not known, and where the proxy speaks for itself."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.ended = False
        self._held = b""

    def feed(self, data: bytes) -> int:
        """How many bytes of `data`, which follow those of before, belong to it. Raises BadHeader."""
        begun, held = len(self._held), self._held + data
        if held[: len(SIGNATURE)] == SIGNATURE[: len(held)]:
            end = self._binary(held)
        elif held[: len(_BEGINNING)] == _BEGINNING[: len(held)]:
            end = self._line(held)
        else:
            raise BadHeader("It begins with something else.")
        self._held = held[:end]
        return len(self._held) - begun

    def _line(self, held: bytes) -> int:
        end = held.find(b"\r\n") + 2
        if end > LONGEST_LINE or (end < 2 and len(held) >= LONGEST_LINE):
            raise BadHeader("Its line is too long.")
        if end < 2:
            return len(held)
        found = _LINE.fullmatch(held, 0, end)
        if found is None:
            raise BadHeader("Its line is malformed.")
        self.ended = True
        text = found[1] or found[2]
        if text is not None:
            try:
                self.address = _plain(ipaddress.ip_address(text.decode("ascii")))
            except ValueError:
                raise BadHeader("It names no address.") from None
        return end

    def _binary(self, held: bytes) -> int:
        if len(held) < _FIXED:
            return len(held)
        end = _FIXED + int.from_bytes(held[14:16], "big")
        if end > LONGEST:
            raise BadHeader("It is too long.")
        if len(held) >= end:
            self._note(held[12], held[13], held[_FIXED:end])
            self.ended = True
        return end

    def _note(self, command: int, family: int, addresses: bytes) -> None:
        if command not in (_LOCAL, _PROXY) or family not in _SIZES:
            raise BadHeader("Its version, command or family is unknown.")
        size, first = _SIZES[family]
        if command == _LOCAL:
            return
        if len(addresses) < size:
            raise BadHeader("It is too short.")
        if first:
            self.address = _plain(ipaddress.ip_address(addresses[:first]))
        elif family == _UNIX:
            self.address = UNKNOWN


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(getattr(address, "ipv4_mapped", None) or address)


async def read(connection: socket.socket, *, within: float) -> str | None:
    """The address that a header names, which is all that is read; None: the proxy's own counts.

    Raises BadHeader, and OSError (TimeoutError after `within` seconds).
    """
    header = Header()
    async with asyncio.timeout(within):
        while not header.ended:
            # Not taken before it is known to be the header's: what follows is somebody else's to read.
            try:
                data = connection.recv(LONGEST, socket.MSG_PEEK)
            except BlockingIOError:
                await _readable(connection)
                continue
            if not data:
                raise BadHeader("It ended before.")
            connection.recv(header.feed(data))
    return header.address


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection.fileno())
