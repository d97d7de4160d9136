"""What the next hop is told: the client's head without what ends here, and who asked for what by which way."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from firefly.errors import InvalidInput

from .heads import Head

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# The peer of a unix socket.
UNKNOWN = "unknown"

_PRIVATE_FIELDS = re.compile(rb"\r\n(?i:authorization|cookie):[^\r]*+")


class TrustedProxies:
    """Whose X-Forwarded-* are believed. Raises InvalidInput for what is neither address nor network."""

    def __init__(self, networks: Iterable[str]) -> None:
        try:
            self._networks: Sequence[Network] = [ipaddress.ip_network(network, strict=False) for network in networks]
        except ValueError as error:
            raise InvalidInput(f"FIREFLY_TRUSTED_PROXIES: {error}.", field="trusted_proxies") from None

    def trusts(self, address: str) -> bool:
        """Whether `address` is a listed proxy; what is no address (a unix socket's peer) is not."""
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def client(self, peer: str, chain: bytes | None) -> str:
        """Who asked: the last address in the chain of X-Forwarded-For that is not a trusted proxy itself."""
        client = peer
        for hop in reversed((chain or b"").decode("latin-1").split(",")):
            if not self.trusts(client) or _address(hop.strip()) is None:
                break
            client = hop.strip()
        return client


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


class Visitor:
    """The peer of one client connection, and the field lines that tell the next hop about it."""

    __slots__ = ("_for", "_proxies", "_scheme", "address", "believed")

    def __init__(self, address: str, proxies: TrustedProxies, *, scheme: bytes = b"http") -> None:
        self.address = address
        self.believed = proxies.trusts(address)
        self._proxies = proxies
        self._scheme = scheme
        self._for = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: " % (address.encode(), scheme)

    def lines(self, head: Head) -> bytes:
        """X-Forwarded-For, -Proto and -Host for one request."""
        if not self.believed:
            return self._for + head.fields.host + b"\r\n"
        chain = head.field(b"x-forwarded-for")
        addresses = (chain + b", " if chain else b"") + self.address.encode()
        scheme = head.field(b"x-forwarded-proto") or self._scheme
        host = head.field(b"x-forwarded-host") or head.host
        return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (addresses, scheme, host)

    def client(self, head: Head) -> bytes:
        """The address that asked, as far as proxies that are trusted tell."""
        if not self.believed:
            return self.address.encode()
        return self._proxies.client(self.address, head.field(b"x-forwarded-for")).encode()


def to_sandbox(head: Head, lines: bytes, request_id: bytes) -> bytes:
    """The head as a sandbox gets it: without Firefly's own cookies and fields."""
    fields = head.fields
    return b"%b %b HTTP/1.1%b%bX-Request-Id: %b%b" % (
        (head.method, head.target, fields.for_sandbox(), lines, request_id, _end(fields.upgrade))
    )


def to_app(head: Head, visitor: Visitor, request_id: bytes, *, content: bool) -> bytes:
    """The head as the app gets it: with all cookies, and two fields that only the front door can set."""
    own = b"X-Firefly-Client-Address: %b\r\nX-Firefly-Host-Kind: %b\r\nX-Request-Id: %b" % (
        (visitor.client(head), b"content" if content else b"app", request_id)
    )
    return b"%b %b HTTP/1.1%b%b%b%b" % (
        (head.method, head.target, head.fields.for_app(), visitor.lines(head), own, _end(head.upgrade))
    )


def to_tunnel(head: Head, target: bytes, fields: bytes, lines: bytes, request_id: bytes) -> bytes:
    """The upgrade replayed to what the app named: without credentials, with the field lines that the app set."""
    kept = _PRIVATE_FIELDS.sub(b"", head.fields.for_app())
    named = b"|".join(re.escape(line.partition(b":")[0]) for line in fields.split(b"\r\n") if line)
    if named:
        kept = re.sub(rb"\r\n(?i:%b):[^\r]*+" % named, b"", kept)
    return b"%b %b HTTP/1.1%b%b%bX-Request-Id: %b%b" % (
        (head.method, target, kept, fields, lines, request_id, _end(head.upgrade))
    )


def _end(upgrade: bytes | None) -> bytes:
    return b"\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % upgrade if upgrade else b"\r\n\r\n"
