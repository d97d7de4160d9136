"""Request heads: one strict expression accepts a whole head or rejects it, a second picks the few fields that matter.

The grammar is RFC 9112's, narrowed: a method in capitals, no whitespace before the colon, no folding, no bare CR or
LF, no control character but the tab, no `#` in the target. Quantifiers over input are possessive, so that no input
makes the expression go back (a backtracking one took 0.85 s on one hostile field).
"""

import re
from functools import cache

END = b"\r\n\r\n"
FIELD_LINE = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n"
HEAD = re.compile(
    rb"([A-Z][A-Z-]{0,19}+) ([!\"$-~]++) HTTP/1\.([01])"
    rb"(\r\n(?:Host: ([A-Za-z0-9._-]++(?::[0-9]{1,5}+)?)\r\n)?+(?:" + FIELD_LINE + rb"){0,127}+)\r\n"
)
HOST = re.compile(rb"(?:[A-Za-z0-9._-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]{1,5}+)?")
LENGTH = re.compile(rb"[0-9]{1,18}")
# Firefly's own cookies and fields: theirs is the prefix, nobody else's.
OWN_COOKIE = b"__Host-firefly-"
CHUNKED = -1

_PICK = re.compile(
    rb"\r\n([CcEeFfHhKkOoPpTtUuXx](?i:"
    rb"(?<=c)(?:onnection(?!: keep-alive\r)|ontent-length|ookie)|(?<=e)xpect|(?<=f)orwarded"
    rb"|(?<=h)(?:ost|ttp2-settings)|(?<=k)eep-alive"
    rb"|(?<=o)rigin|(?<=p)roxy-[^:]*+|(?<=t)(?:e|ransfer-encoding)|(?<=u)pgrade"
    rb"|(?<=x)-(?:firefly[^:]*+|forwarded[^:]*+|mayfly[^:]*+|real-ip|request-id))):([^\r]*+)"
)
_BEGINNING = re.compile(rb"[A-Z][A-Z-]{0,19}+(?:\Z| (?:\Z|[/h*]))")
_ANY = re.compile(rb"\r\n([^:\r]++):[^\r]*+")
# What nearly every head has, in the spelling of nearly every client; any other spelling is picked.
_PLAIN = b"\r\nConnection: keep-alive\r\n"
_KEEP = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"origin"})


class BadHead(Exception):
    """A head that is refused, with the status that says so."""

    def __init__(self, why: str, *, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Head:
    """A request's head as it arrived; bytes throughout, since that is what is compared and forwarded."""

    __slots__ = (
        "cookie_spans",
        "cookies",
        "cuts",
        "fields",
        "host",
        "keep_alive",
        "length",
        "method",
        "modern",
        "origin",
        "own",
        "target",
        "upgrade",
    )

    def __init__(self, method: bytes, target: bytes, fields: bytes, *, modern: bool = True) -> None:
        self.method = method
        self.target = target
        """In origin form, beginning with a slash, or `*`."""
        self.fields = fields
        """All field lines, with a line end before the first and after the last."""
        self.modern = modern
        """HTTP/1.1; otherwise 1.0."""
        self.host = b""
        """The Host field's value, with its port, in whatever case it came."""
        self.cookies = b""
        self.origin: bytes | None = None
        self.upgrade: bytes | None = None
        """The protocol that the client asks to change to; None when it does not ask."""
        self.length = 0
        """Of the body, in bytes; CHUNKED when it is framed in chunks."""
        self.keep_alive = modern
        self.cuts: list[tuple[int, int]] = []
        """Spans of `fields` that end here: those of this hop alone, and forged routing fields."""
        self.cookie_spans: list[tuple[int, int]] = []
        self.own = False
        """Whether there are X-Firefly-* fields."""

    def field(self, name: bytes) -> bytes | None:
        """The value of a field of that name (small letters), without whitespace around it."""
        if not self.own and name.startswith(b"x-firefly-"):
            return None
        fields = self.fields
        # The usual spelling is found far faster than any spelling.
        start = fields.find(b"\r\n%b: " % name.title())
        if start >= 0:
            return fields[start + len(name) + 4 : fields.index(b"\r", start + 2)].strip(b" \t")
        found = _field(name).search(fields)
        return found[1].strip(b" \t") if found else None

    def cookie(self, name: bytes) -> bytes | None:
        """The value of the first cookie of that name."""
        found = _cookie(name).search(self.cookies) if self.cookies else None
        return found[1] if found else None

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def fetch_site(self) -> bytes | None:
        """`same-origin`, `same-site`, `cross-site`, `none`; None from programs and old browsers."""
        return self.field(b"sec-fetch-site")

    @property
    def fetch_mode(self) -> bytes | None:
        return self.field(b"sec-fetch-mode")

    @property
    def fetch_destination(self) -> bytes | None:
        return self.field(b"sec-fetch-dest")

    @property
    def is_navigation(self) -> bool:
        """Whether a browser asks for a page to show, in a tab or a frame."""
        if self.method not in (b"GET", b"HEAD") or self.upgrade:
            return False
        mode = self.fetch_mode
        return mode == b"navigate" if mode else b"text/html" in (self.field(b"accept") or b"")


def may_begin(data: bytes) -> bool:
    """Whether `data` can be the beginning of a head; what cannot (TLS, HTTP/2) need not be waited for."""
    return _BEGINNING.match(data) is not None


def parse(data: bytes) -> Head:
    """Read the head at the beginning of `data`, which holds all of it. Raises BadHead."""
    found = HEAD.match(data)
    if found is None:
        raise BadHead("This is not an HTTP/1.1 request.")
    return read(found)


def read(found: re.Match[bytes]) -> Head:
    """The head of a match of HEAD, with what its fields mean for framing and routing. Raises BadHead."""
    method, target, minor, fields, host = found.groups()
    head = Head(method, target, fields, modern=minor == b"1")
    seen = _pick(head, host)
    if host is None and not HOST.fullmatch(head.host):
        raise BadHead("The Host field is missing or malformed.")
    if b"connection" in seen:
        _connect(head, seen)
    if b"content-length" in seen or b"transfer-encoding" in seen:
        head.length = _frame(seen, modern=head.modern)
    if b"expect" in seen and seen[b"expect"].lower() != b"100-continue":
        raise BadHead("Only 100-continue can be expected here.", status=417)
    if not target.startswith(b"/"):
        head.target = _origin_form(head)
    return head


def _pick(head: Head, host: bytes | None) -> dict[bytes, bytes]:
    """The fields that matter, by name in small letters; notes in `head` what ends here."""
    fields, cuts, seen = head.fields, head.cuts, {}
    plain = fields.find(_PLAIN)
    if plain >= 0:
        cuts.append((plain, plain + len(_PLAIN) - 2))
        if fields.find(_PLAIN, plain + 1) >= 0:
            seen[b"connection"] = b"keep-alive"
    # From the end of the Host field on, if it stands first.
    for field in _PICK.finditer(fields, 0 if host is None else len(b"\r\nHost: ") + len(host)):
        name, value = field[1].lower(), field[2]
        if name == b"cookie":
            head.cookies = head.cookies + b"; " + value if head.cookies else value
            head.cookie_spans.append(field.span())
            continue
        if name not in _KEEP:
            cuts.append(field.span())
        elif name in seen or (name == b"host" and host is not None):
            raise BadHead(f"The field {name.decode()} is there twice.")
        seen[name] = value.strip(b" \t")
    if len(cuts) > 1:
        cuts.sort()
    head.host = seen.get(b"host", b"") if host is None else host
    head.origin = seen.get(b"origin")
    head.own = any(name.startswith(b"x-firefly-") for name in seen) if seen else False
    return seen


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


def _connect(head: Head, seen: dict[bytes, bytes]) -> None:
    options = {
        option.strip(b" \t").lower()
        for found in _field(b"connection").finditer(head.fields)
        for option in found[1].split(b",")
    }
    if options & {b"host", b"content-length", b"transfer-encoding", b"cookie", b"origin", b"sec-fetch-site"}:
        raise BadHead("The Connection field names a field that is not for this hop alone.")
    head.keep_alive = head.modern and b"close" not in options
    options.add(b"connection")
    named = [found.span() for found in _ANY.finditer(head.fields) if found[1].lower() in options]
    head.cuts = sorted({*head.cuts, *named})
    if b"upgrade" in options and b"upgrade" in seen and head.modern:
        _upgrade(head, seen)


def _upgrade(head: Head, seen: dict[bytes, bytes]) -> None:
    if b"content-length" in seen or b"transfer-encoding" in seen or b"expect" in seen:
        raise BadHead("An upgrade cannot have a body.")
    protocol = seen[b"upgrade"]
    if not re.fullmatch(rb"[!-~]{1,64}", protocol) or protocol.lower().startswith((b"h2c", b"http", b"tls")):
        raise BadHead("The connection cannot be upgraded to this protocol.")
    head.upgrade = protocol


def _origin_form(head: Head) -> bytes:
    target = head.target
    if target == b"*" and head.method == b"OPTIONS":
        return target
    found = re.fullmatch(rb"(?i:https?)://([^/?]*+)(/[^?]*+)?(\?.*+)?", target)
    if found is None or head.method == b"CONNECT":
        raise BadHead("The request target is not a path.")
    if found[1].lower() != head.host.lower():
        raise BadHead("The request target and the Host field name different hosts.")
    return (found[2] or b"/") + (found[3] or b"")


@cache
def _field(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n(?i:%b):([^\r]*+)" % re.escape(name))


@cache
def _cookie(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;)[ \t]*+%b=([^;]*+)" % re.escape(name))
