"""Request heads: one strict expression accepts a whole head or rejects it, a second picks the few fields that matter.

The grammar is RFC 9112's, narrowed: a method in capitals, no whitespace before the colon, no folding, no bare CR or
LF, no control character but the tab, no `#` in the target. Quantifiers over input are possessive, so that no input
makes the expression go back (a backtracking one took 0.85 s on one hostile field). Around a group that repeats stands
an atomic one: possessive repeats of groups go wrong before Python 3.11.5 (github.com/python/cpython/issues/106052).
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from .fields import CHUNKED, BadHead, Fields
from .limits import Limits
from .recent import Recent

if TYPE_CHECKING:
    from .forwarded import Visitor

__all__ = ["CHUNKED", "END", "FIELD_LINE", "BadHead", "Head", "Heads", "may_begin", "parse"]

END = b"\r\n\r\n"
FIELD_LINE = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n"
_HEAD = (
    rb"([A-Z][A-Z-]{0,19}+) ([!\"$-~]++)( HTTP/1\.([01])"
    rb"(\r\n(?>(?:Host: ([A-Za-z0-9._-]++(?::[0-9]{1,5}+)?)\r\n)?)(?>(?:" + FIELD_LINE + rb"){0,127}))\r\n)"
)
# The same beginning, with a target in origin form; what follows is in `Heads` or not.
BEGINNING = re.compile(rb"([A-Z][A-Z-]{0,19}+) (/[!\"$-~]*+)")

_SO_FAR = re.compile(rb"[A-Z][A-Z-]{0,19}+(?:\Z| (?:\Z|[/hH*]))")


class Head:
    """A request's head as it arrived; `fields` may be shared with other heads, nothing else is."""

    __slots__ = ("fields", "keep_alive", "method", "target", "visitor")

    visitor: "Visitor"
    """Who sent it; set for whatever asks the gate."""

    def __init__(self, method: bytes, target: bytes, fields: Fields) -> None:
        self.method = method
        self.target = target
        """In origin form, beginning with a slash, or `*`."""
        self.fields = fields
        self.keep_alive = fields.keep_alive

    def field(self, name: bytes) -> bytes | None:
        """The value of a field of that name (small letters), without whitespace around it."""
        return self.fields.field(name)

    def cookie(self, name: bytes) -> bytes | None:
        """The value of the first cookie of that name."""
        return self.fields.cookie(name)

    @property
    def host(self) -> bytes:
        """The Host field's value, with its port, in whatever case it came."""
        return self.fields.host

    @property
    def length(self) -> int:
        """Of the body, in bytes; CHUNKED when it is framed in chunks."""
        return self.fields.length

    @property
    def modern(self) -> bool:
        """HTTP/1.1; otherwise 1.0."""
        return self.fields.modern

    @property
    def origin(self) -> bytes | None:
        return self.fields.origin

    @property
    def upgrade(self) -> bytes | None:
        """The protocol that the client asks to change to; None when it does not ask."""
        return self.fields.upgrade

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def fetch_site(self) -> bytes | None:
        """`same-origin`, `same-site`, `cross-site`, `none`; None from programs and old browsers."""
        return self.fields.field(b"sec-fetch-site")

    @property
    def fetch_mode(self) -> bytes | None:
        return self.fields.field(b"sec-fetch-mode")

    @property
    def fetch_destination(self) -> bytes | None:
        return self.fields.field(b"sec-fetch-dest")

    @property
    def is_navigation(self) -> bool:
        """Whether a browser asks for a page to show, in a tab or a frame."""
        if self.method not in (b"GET", b"HEAD") or self.upgrade:
            return False
        mode = self.fetch_mode
        return mode == b"navigate" if mode else b"text/html" in (self.field(b"accept") or b"")


class Heads:
    """Reads heads. Field lines that came before, byte for byte and to the end of the head, need no second look."""

    def __init__(self, limits: Limits) -> None:
        self._recent: Recent[Fields] = Recent(limits.recent)
        self._longest = limits.recent_size
        self._head = limits.head
        self._pattern = _pattern(limits.fields)

    def known(self, data: bytes) -> Head | None:
        """The head, if `data` is all of one, and its fields came before."""
        found = BEGINNING.match(data)
        if found is None or len(data) > self._head:
            return None
        fields = self._recent.get(data[found.end() :])
        if fields is None:
            return None
        method, target = found.groups()
        return Head(method, target, fields)

    def read(self, data: bytes, end: int) -> Head:
        """The head at the beginning of `data`, whose empty line ends at `end`. Raises BadHead."""
        head = self.known(data[:end]) if len(data) > end else None
        if head is not None:
            return head
        found = _match(self._pattern, data)
        head = _read(found)
        lines = found[3]
        if len(lines) <= self._longest:
            self._recent.put(lines, head.fields)
        return head


def parse(data: bytes) -> Head:
    """Read the head at the beginning of `data`, which holds all of it. Raises BadHead."""
    return _read(_match(_pattern(128), data))


def may_begin(data: bytes) -> bool:
    """Whether `data` can be the beginning of a head; what cannot (TLS, HTTP/2) need not be waited for."""
    return _SO_FAR.match(data) is not None


@cache
def _pattern(fields: int) -> re.Pattern[bytes]:
    return re.compile(_HEAD.replace(b"127", b"%d" % (fields - 1)))


def _match(pattern: re.Pattern[bytes], data: bytes) -> re.Match[bytes]:
    found = pattern.match(data)
    if found is None:
        raise BadHead("This is not an HTTP/1.1 request.")
    return found


def _read(found: re.Match[bytes]) -> Head:
    method, target, _, minor, text, host = found.groups()
    fields = Fields(text, modern=minor == b"1", host=host)
    if not target.startswith(b"/"):
        target = _origin_form(method, target, fields.host)
    return Head(method, target, fields)


def _origin_form(method: bytes, target: bytes, host: bytes) -> bytes:
    if target == b"*" and method == b"OPTIONS":
        return target
    found = re.fullmatch(rb"(?i:https?)://([^/?]*+)(/[^?]*+)?(\?.*+)?", target)
    if found is None or method == b"CONNECT":
        raise BadHead("The request target is not a path.")
    if found[1].lower() != host.lower():
        raise BadHead("The request target and the Host field name different hosts.")
    if method == b"OPTIONS" and found[2] is found[3] is None:
        return b"*"  # RFC 9112, 3.2.4
    return (found[2] or b"/") + (found[3] or b"")
