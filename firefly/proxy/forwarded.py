"""What the next hop is told: the client's head without what ends here, and who asked for what by which way."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from firefly.errors import InvalidInput

from .fields import Fields
from .heads import Head

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# The peer of a unix socket.
UNKNOWN = "unknown"

SCHEMES = frozenset({b"http", b"https"})

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PAIR = re.compile(rb"[ \t]*+(" + _TOKEN + rb")=(?:(" + _TOKEN + rb')|"([^"\\]*+)")[ \t]*+([;,](?=[ \t]*+[^ \t])|\Z)')
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
            # A zone is whatever somebody wrote there, and means something on his own machine alone.
            if not self.trusts(client) or _address(hop.strip()) is None or "%" in hop:
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

    __slots__ = ("_client", "_fields", "_host", "_lines", "_proxies", "_scheme", "address", "believed")

    def __init__(self, address: str, proxies: TrustedProxies, *, scheme: bytes = b"http") -> None:
        self.address = address
        self.believed = proxies.trusts(address)
        self._proxies = proxies
        self._scheme = scheme
        # What the latest request was told, which is mostly what the next one is.
        self._fields: Fields | None = None
        self._client = address.encode()
        self._host = self._lines = b""

    def lines(self, head: Head) -> bytes:
        """X-Forwarded-For, -Proto, -Host and Forwarded for one request."""
        fields = head.fields
        if self.believed:
            self._believe(fields)
        elif fields.host != self._host:
            own = _element(self._client, fields.host, self._scheme)
            self._host, self._lines = fields.host, _lines(self._client, self._scheme, fields.host, own)
        return self._lines

    def client(self, head: Head) -> bytes:
        """The address that asked, as far as proxies that are trusted tell."""
        if self.believed:
            self._believe(head.fields)
        return self._client

    def _believe(self, fields: Fields) -> None:
        """What a trusted proxy said, and then that it was the proxy who asked here.

        A proxy that knows only one of the fields may pass the other on as anybody wrote it. Nearly all know
        X-Forwarded-For, so Forwarded counts where it says the same, or is alone.
        """
        if fields is self._fields:
            return
        self._fields = fields
        address, said = self.address.encode(), fields.joined(b"forwarded") or b""
        hops = elements(said)
        chain = fields.joined(b"x-forwarded-for") or addresses(hops)
        first = hops[0] if hops and chain == addresses(hops) else {}
        scheme = fields.field(b"x-forwarded-proto") or first.get(b"proto") or self._scheme
        host = fields.field(b"x-forwarded-host") or first.get(b"host") or fields.host
        if not first and chain:
            told = [hop.strip(b" \t") for hop in chain.split(b",")]
            said = b", ".join([_element(told[0], host, scheme), *map(_for, told[1:])])
        own = _element(address, fields.host, self._scheme)
        self._client = self._proxies.client(self.address, chain).encode()
        self._lines = _lines(
            b"%b, %b" % (chain, address) if chain else address, scheme, host, b"%b, %b" % (said, own) if chain else own
        )


def _lines(chain: bytes, scheme: bytes, host: bytes, forwarded: bytes) -> bytes:
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nForwarded: %b\r\n" % (
        (chain, scheme, host, forwarded)
    )


def _element(address: bytes, host: bytes, scheme: bytes) -> bytes:
    """One hop of Forwarded (RFC 7239, 4)."""
    host = host.replace(b"\\", b"").replace(b'"', b"")
    return b'%b;host="%b";proto=%b' % (_for(address), host, scheme if scheme in SCHEMES else b"http")


def _for(address: bytes) -> bytes:
    found = _address(address.decode("latin-1"))
    if found is None:
        return b"for=unknown"
    return f'for="[{found}]"'.encode() if found.version == 6 else f"for={found}".encode()


def elements(value: bytes) -> list[dict[bytes, bytes]]:
    """The elements of a Forwarded field, names in small letters; none where it is malformed."""
    found: list[dict[bytes, bytes]] = [{}]
    position = 0
    while position < len(value):
        pair = _PAIR.match(value, position)
        if pair is None or pair[1].lower() in found[-1]:
            return []
        found[-1][pair[1].lower()] = pair[2] or pair[3] or b""
        if pair[4] == b",":
            found.append({})
        position = pair.end()
    return found if all(found) else []


def addresses(hops: list[dict[bytes, bytes]]) -> bytes | None:
    """Who asked at each hop, as X-Forwarded-For says it: without ports and brackets."""
    nodes = [hop.get(b"for", b"unknown") for hop in hops]
    plain = [node[1:].partition(b"]")[0] if node.startswith(b"[") else node.partition(b":")[0] for node in nodes]
    return b", ".join(plain) or None


def to_sandbox(head: Head, lines: bytes, request_id: bytes) -> bytes:
    """The head as a sandbox gets it: without Firefly's own cookies and fields."""
    fields = head.fields
    end = _end(fields.upgrade) if fields.upgrade else b"\r\n\r\n"
    # Joined, which takes half of the time of a format.
    return b"".join(
        (head.method, b" ", head.target, b" HTTP/1.1", fields.for_sandbox(), lines, b"X-Request-Id: ", request_id, end)
    )


def to_app(head: Head, visitor: Visitor, request_id: bytes, *, content: bool) -> bytes:
    """The head as the app gets it: with all cookies, and fields that only the front door can set."""
    own = b"X-Firefly-Client-Address: %b\r\nX-Firefly-Host-Kind: %b\r\nX-Request-Id: %b" % (
        (visitor.client(head), b"content" if content else b"app", request_id)
    )
    # Somebody who speaks for others and is not listed: `firefly doctor` asks after that.
    speaks = not visitor.believed and head.field(b"x-forwarded-for") is not None
    unlisted = b"X-Firefly-Unlisted: %b\r\n" % visitor.address.encode() if speaks else b""
    return b"%b %b HTTP/1.1%b%b%b%b" % (
        (head.method, head.target, head.fields.for_app(), visitor.lines(head) + unlisted, own, _end(head.upgrade))
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
