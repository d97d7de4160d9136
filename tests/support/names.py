"""A DNS server of one's own, which says what a test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dnslib import QTYPE, RCODE, RR, TXT, A, DNSRecord


class LocalNames(asyncio.DatagramProtocol):
    """Knows TXT records and IPv4 addresses by name; every other name does not exist.

    `empty` exist without a TXT record, `broken` get SERVFAIL, `silent` no answer at all. `asked` is what it was asked.
    """

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.addresses: dict[str, str] = {}
        self.empty: set[str] = set()
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.server = ""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.server = "{}:{}".format(*transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, address: Any) -> None:
        request = DNSRecord.parse(data)
        name = str(request.q.qname).rstrip(".").lower()
        self.asked.append(f"{QTYPE[request.q.qtype]} {name}")
        if name in self.silent:
            return
        reply = request.reply()
        if name in self.broken:
            reply.header.rcode = RCODE.SERVFAIL
        elif name in self.addresses:
            if request.q.qtype == QTYPE.A:
                reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(self.addresses[name]), ttl=1))
        elif name in self.texts:
            for text in self.texts[name]:
                pieces = [text[first : first + 255].encode() for first in range(0, len(text), 255)]
                reply.add_answer(RR(request.q.qname, QTYPE.TXT, rdata=TXT(pieces), ttl=1))
        elif name not in self.empty:
            reply.header.rcode = RCODE.NXDOMAIN
        self._transport.sendto(reply.pack(), address)


@asynccontextmanager
async def local_names(address: tuple[str, int] = ("127.0.0.1", 0)) -> AsyncIterator[LocalNames]:
    """One that runs on the test's loop; `server` is its address, as in FIREFLY_DNS_SERVERS."""
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(LocalNames, local_addr=address)
    try:
        yield names
    finally:
        transport.close()
