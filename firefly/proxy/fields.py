"""The field lines of a request's head and what they mean for framing, routing and forwarding.

Two heads of one browser differ in the first line more than here: a `Fields` is made once, never changed, and shared
by all heads that have the very same lines.
"""

import re
from collections.abc import Sequence
from functools import cache

from .baggage import own_members

HOST = re.compile(rb"(?:[A-Za-z0-9._-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]{1,5}+)?")
LENGTH = re.compile(rb"[0-9]{1,18}")
PROTOCOL = re.compile(rb"(?=.{1,64}\Z)[!#$%&'*+\-.^_`|~0-9A-Za-z]++(?:/[!#$%&'*+\-.^_`|~0-9A-Za-z]++)?")
# Firefly's own cookies and fields: theirs is the prefix, nobody else's.
OWN_COOKIE = b"__Host-firefly-"
CHUNKED = -1

# How we name ourselves in Via (RFC 9110, 7.6.3): what we are, not where or which version.
VIA = b"Via: 1.%b firefly\r\n"
# A request that came by here as often goes round in circles.
MOST_PASSES = 8

_PASSES = re.compile(rb"1\.[01] firefly(?=[ \t,\r])")
_PICK = re.compile(
    rb"\r\n([BbCcEeFfHhKkOoPpTtUuXx](?i:"
    rb"(?<=b)aggage"
    rb"|(?<=c)(?:onnection(?-i:(?<!\nConnection)|(?!: keep-alive\r))|ontent-length|ookie)|(?<=e)xpect|(?<=f)orwarded"
    rb"|(?<=h)(?:ost|ttp2-settings)|(?<=k)eep-alive"
    rb"|(?<=o)rigin|(?<=p)roxy-[^:]*+|(?<=t)(?:e|ransfer-encoding)|(?<=u)pgrade"
    rb"|(?<=x)-(?:firefly[^:]*+|forwarded[^:]*+|mayfly[^:]*+|real-ip|request-id))):([^\r]*+)"
)
_ANY = re.compile(rb"\r\n([^:\r]++):[^\r]*+")
_OWN_COOKIES = re.compile(rb"(?:^|;)[ \t]*+__Host-firefly-[^;]*+", re.IGNORECASE)
# What nearly every head has, in the spelling of nearly every client; any other spelling is picked.
_PLAIN = b"\r\nConnection: keep-alive\r\n"
_KEEP = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"origin"})
# Not everybody trims these alike, and nobody pads them.
_UNPADDED = frozenset({b"host", b"content-length", b"transfer-encoding"})
_NOT_HOP = frozenset({b"host", b"content-length", b"transfer-encoding", b"cookie", b"origin", b"sec-fetch-site"})

Spans = Sequence[tuple[int, int]]


class BadHead(Exception):
    """A head that is refused, with the status that says so."""

    def __init__(self, why: str, *, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Fields:
    """Bytes throughout, since that is what is compared and forwarded."""

    __slots__ = (
        "_cookie_spans",
        "_cookie_values",
        "_for_sandbox",
        "_own",
        "_values",
        "cookies",
        "cuts",
        "host",
        "keep_alive",
        "length",
        "modern",
        "opened",
        "origin",
        "plain",
        "text",
        "upgrade",
        "worker",
    )

    def __init__(self, text: bytes, *, modern: bool, host: bytes | None) -> None:
        """Raises BadHead. `host` is the Host field's value where that stands first in its usual spelling."""
        self.text = text
        """All field lines, with a line end before the first and after the last."""
        self.modern = modern
        """HTTP/1.1; otherwise 1.0."""
        self.cookies = b""
        self.opened: object = None
        """What the gate concluded from these lines, for it alone."""
        self.upgrade: bytes | None = None
        """The protocol that the client asks to change to; None when it does not ask."""
        self.length = 0
        """Of the body, in bytes; CHUNKED when it is framed in chunks."""
        self.keep_alive = modern
        self.cuts: Spans = ()
        """Spans of `text` that end here: those of this hop alone, and forged routing fields."""
        self._cookie_spans: list[tuple[int, int]] = []
        self._for_sandbox: bytes | None = None
        self._values: dict[bytes, bytes | None] = {}
        self._cookie_values: dict[bytes, bytes | None] = {}
        seen = self._pick(host)
        self.host = seen.get(b"host", b"") if host is None else host
        """The Host field's value, with its port, in whatever case it came."""
        self.origin = seen.get(b"origin")
        self._own = any(name.startswith(b"x-firefly-") for name in seen)
        if host is None and not HOST.fullmatch(self.host):
            raise BadHead("The Host field is missing or malformed.")
        self._interpret(seen)
        if b" firefly" in text and len(_PASSES.findall(text)) >= MOST_PASSES:
            raise BadHead("The request goes round in circles: its Via names this server again and again.", status=508)
        self.plain = not self.length and self.upgrade is None
        """Neither body nor upgrade."""
        self.worker = b"ervice-" in text and self.field(b"service-worker") is not None
        """Whether a browser asks for the script of a service worker."""

    def field(self, name: bytes) -> bytes | None:
        """The value of a field of that name (small letters), without whitespace around it."""
        values = self._values
        if name not in values:
            values[name] = self._find(name)
        return values[name]

    def joined(self, name: bytes) -> bytes | None:
        """The values of all fields of that name, in order, as one: proxies may add a line, not only to a line."""
        found = [value.strip(b" \t") for value in _field(name).findall(self.text)]
        return b", ".join(found) if found else None

    def cookie(self, name: bytes) -> bytes | None:
        """The value of the first cookie of that name."""
        values = self._cookie_values
        if name not in values:
            found = _cookie(name).search(self.cookies) if self.cookies else None
            values[name] = found[1] if found else None
        return values[name]

    def for_app(self) -> bytes:
        """The lines that go on to the app: all cookies, but neither this hop's fields nor forged ones."""
        return _without(self.text, self.cuts)

    def for_sandbox(self) -> bytes:
        """The lines that go on to a sandbox: without Firefly's own cookies and fields, and with us in Via.

        Via is continued whoever it comes from: nothing relies on it but the search for circles.
        """
        lines = self._for_sandbox
        if lines is None:
            lines = self._for_sandbox = self._strip()
        return lines

    def _strip(self) -> bytes:
        via = VIA % (b"1" if self.modern else b"0")
        if OWN_COOKIE not in self.cookies:
            return self.for_app() + via
        cookies = _OWN_COOKIES.sub(b"", self.cookies).strip(b"; \t")
        lines = _without(self.text, sorted([*self.cuts, *self._cookie_spans]))
        return b"%bCookie: %b\r\n%b" % (lines, cookies, via) if cookies else lines + via

    def _find(self, name: bytes) -> bytes | None:
        if not self._own and name.startswith(b"x-firefly-"):
            return None
        text = self.text
        # The usual spelling is found far faster than any spelling.
        start = text.find(b"\r\n%b: " % name.title())
        if start >= 0:
            return text[start + len(name) + 4 : text.index(b"\r", start + 2)].strip(b" \t")
        found = _field(name).search(text)
        return found[1].strip(b" \t") if found else None

    def _pick(self, host: bytes | None) -> dict[bytes, bytes]:
        """The fields that matter, by name in small letters; notes which end here."""
        text, cuts, seen = self.text, [], dict[bytes, bytes]()
        plain = text.find(_PLAIN)
        if plain >= 0:
            cuts.append((plain, plain + len(_PLAIN) - 2))
            if text.find(_PLAIN, plain + 1) >= 0:
                seen[b"connection"] = b"keep-alive"
        # From the end of the Host field on, if it stands first.
        for field in _PICK.finditer(text, 0 if host is None else len(b"\r\nHost: ") + len(host)):
            name, value = field[1].lower(), field[2]
            if name == b"baggage":
                cuts += own_members(text, *field.span(2), field.start())
                continue
            if name == b"cookie":
                self.cookies = self.cookies + b"; " + value if self.cookies else value
                self._cookie_spans.append(field.span())
                continue
            if name not in _KEEP:
                cuts.append(field.span())
            elif name in seen or (name == b"host" and host is not None):
                raise BadHead(f"The field {name.decode()} is there twice.")
            seen[name] = bare = value.strip(b" \t")
            if name in _UNPADDED and value.removeprefix(b" ") != bare:
                raise BadHead(f"There is odd whitespace about the value of {name.decode()}.")
        self.cuts = sorted(cuts) if len(cuts) > 1 else cuts
        return seen

    def _interpret(self, seen: dict[bytes, bytes]) -> None:
        if b"connection" in seen:
            self._connect(seen)
        if b"content-length" in seen or b"transfer-encoding" in seen:
            self.length = _frame(seen, modern=self.modern)
        if b"expect" in seen and seen[b"expect"].lower() != b"100-continue":
            raise BadHead("Only 100-continue can be expected here.", status=417)

    def _connect(self, seen: dict[bytes, bytes]) -> None:
        options = {
            option.strip(b" \t").lower()
            for found in _field(b"connection").finditer(self.text)
            for option in found[1].split(b",")
        }
        if options & _NOT_HOP:
            raise BadHead("The Connection field names a field that is not for this hop alone.")
        self.keep_alive = self.modern and b"close" not in options
        options.add(b"connection")
        named = [found.span() for found in _ANY.finditer(self.text) if found[1].lower() in options]
        self.cuts = sorted({*self.cuts, *named})
        if b"upgrade" in options and b"upgrade" in seen and self.modern:
            if len(_field(b"upgrade").findall(self.text)) > 1:
                raise BadHead("The field upgrade is there twice.")
            self.upgrade = _upgrade(seen)


def _frame(seen: dict[bytes, bytes], *, modern: bool) -> int:
    length, encoding = seen.get(b"content-length"), seen.get(b"transfer-encoding")
    if encoding is None:
        if length is None or not LENGTH.fullmatch(length):
            raise BadHead("The Content-Length is not a number.")
        return int(length)
    if length is not None:
        raise BadHead("A body has either Content-Length or Transfer-Encoding, not both.")
    if encoding.lower() != b"chunked" or not modern:
        raise BadHead("The only transfer coding here is chunked, in HTTP/1.1.", status=501 if modern else 400)
    return CHUNKED


def _upgrade(seen: dict[bytes, bytes]) -> bytes:
    if b"content-length" in seen or b"transfer-encoding" in seen or b"expect" in seen:
        raise BadHead("An upgrade cannot have a body.")
    protocol = seen[b"upgrade"]
    if not PROTOCOL.fullmatch(protocol) or protocol.lower().startswith((b"h2c", b"http", b"tls")):
        raise BadHead("The connection cannot be upgraded to this protocol.")
    return protocol


def _without(text: bytes, cuts: Spans) -> bytes:
    kept, position = [], 0
    for start, end in cuts:
        kept.append(text[position:start])
        position = max(position, end)
    kept.append(text[position:])
    return b"".join(kept)


@cache
def _field(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n(?i:%b):([^\r]*+)" % re.escape(name))


@cache
def _cookie(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;)[ \t]*+%b=([^;]*+)" % re.escape(name))
