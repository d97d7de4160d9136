"""Request heads: one strict expression accepts a whole head or rejects it, a second picks the few fields that matter.

The grammar is RFC 9112's, narrowed: token method in capitals, no whitespace before the colon, no folding, no bare CR
or LF, no control characters but the tab, no `#` in the target. All quantifiers over input are possessive, so that no
input makes the expression go back (a backtracking one took 0.85 s on one hostile field).
"""

import re
from enum import Enum
from functools import cache, cached_property

END = b"\r\n\r\n"

HEAD = re.compile(
    rb"([A-Z][A-Z-]{0,19}+) ([!\"$-~]++) HTTP/1\.([01])"
    rb"(\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n)++)\r\n"
)


class Body(Enum):
    """How the body of a message is framed."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


class Head:
    """A request's head as it arrived; bytes throughout, since that is what is compared and forwarded."""

    __dict__: dict[str, object]
    __slots__ = ("__dict__", "fields", "host", "method", "target")

    def __init__(self, method: bytes, target: bytes, host: bytes, fields: bytes) -> None:
        self.method = method
        self.target = target
        """In origin form, beginning with a slash, or `*`."""
        self.host = host
        """The Host field's value, with its port, in whatever case it came."""
        self.fields = fields
        """All field lines, with a line end before the first and after the last."""

    def field(self, name: bytes) -> bytes | None:
        """The value of the first field of that name (small letters), without whitespace around it."""
        found = _field(name).search(self.fields)
        return found[1].strip(b" \t") if found else None

    def cookie(self, name: bytes) -> bytes | None:
        """The value of the first cookie of that name."""
        found = _cookie(name).search(self.field(b"cookie") or b"")
        return found[1] if found else None

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def origin(self) -> bytes | None:
        return self.field(b"origin")

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

    @cached_property
    def upgrade(self) -> bytes | None:
        """The protocol that the client asks to change to, in small letters; None when it does not ask."""
        value = self.field(b"upgrade")
        return value.lower() if value else None

    @property
    def is_navigation(self) -> bool:
        """Whether a browser asks for a page to show, in a tab or a frame."""
        if self.method not in (b"GET", b"HEAD") or self.upgrade:
            return False
        mode = self.fetch_mode
        return mode == b"navigate" if mode else b"text/html" in (self.field(b"accept") or b"")


@cache
def _field(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n(?i:%b):([^\r]*+)" % re.escape(name))


@cache
def _cookie(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;[ \t]*)%b=([^;]*+)" % re.escape(name))
