"""Heads of answers: read strictly, then passed on without what ends here."""

import re
from dataclasses import dataclass

from .bodies import Chunked, Counted, Endless, Reader
from .fields import VIA
from .heads import FIELD_LINE, Head

ANSWER = re.compile(
    rb"HTTP/1\.([01]) ([1-5][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*+)?)(\r\n(?>(?:" + FIELD_LINE + rb"){0,256}))\r\n"
)
_INDIFFERENT = (
    rb"(?>(?:(?:[ABD-JL-OQRVWYZabd-jl-oqrvwyz][!#$%&'*+\-.^_`|~0-9A-Za-z]*+"
    rb"|[Cc](?:ontent-(?:[Tt]ype|[Ee]ncoding|[Ll]anguage|[Dd]isposition)|ache-[Cc]ontrol)|[Ss]erver"
    rb"|[Xx]-(?:[Pp]owered-[Bb]y|[Cc]ontent-[Tt]ype-[Oo]ptions)):[\t\x20-\x7e\x80-\xff]*+\r\n){0,64})"
)
_HERE = rb"(?>(?:Connection: keep-alive\r\n(?>(?:Keep-Alive: [\t\x20-\x7e\x80-\xff]*+\r\n)?))?)"
# What most answers are: one length, a body, and no field that means anything here, but perhaps that the connection
# lives on, before (Node) or after (nginx) the length. All others are read by ANSWER.
PLAIN = re.compile(
    rb"(HTTP/1\.1 (?!204|304)([2-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*+)?\r\n"
    + _INDIFFERENT + rb")" + _HERE + rb"([Cc]ontent-[Ll]ength: ([0-9]{1,18}+)\r\n"
    + _INDIFFERENT + rb")" + _HERE + rb"(" + _INDIFFERENT + rb")\r\n"
)  # fmt: skip
_PICK = re.compile(
    rb"\r\n([CcKkPpSsTtUuXx](?i:"
    rb"(?<=c)(?:onnection(?-i:(?<!\nConnection)|(?!: keep-alive\r))|ontent-(?:length|security-policy)"
    rb"|lear-site-data)"
    rb"|(?<=k)eep-alive|(?<=p)roxy-connection|(?<=s)et-cookie"
    rb"|(?<=t)ransfer-encoding|(?<=u)pgrade|(?<=x)-(?:firefly[^:]*+|frame-options))):([^\r]*+)"
)
# As nearly every server spells it; any other spelling is picked.
_PLAIN = b"\r\nConnection: keep-alive\r\n"
_NAME = re.compile(rb"\r\n([^:\r]++):[^\r]*+")
_ENCODING = re.compile(rb"\r\n(?i:transfer-encoding):[^\r]*+")
_DOMAIN = re.compile(rb";[ \t]*+(?i:domain)[ \t]*+=[^;]*+")
_ANCESTORS = re.compile(rb"(?i:(?:^|(?<=;)|(?<=,))[ \t]*+frame-ancestors(?:[ \t][^;,]*+)?;?)")
# What Connection says that is no field, or one that ends here anyway.
_NONE = frozenset[bytes]()
_OPTIONS = frozenset({b"", b"close", b"keep-alive", b"upgrade"})
_NOT_HOP = frozenset({b"content-length", b"transfer-encoding", b"set-cookie", b"content-security-policy"})
# What a host may clear of itself. `"cookies"` would be those of the whole content domain, visitors' grants among them.
_OWN_DATA = frozenset({b'"cache"', b'"storage"', b'"executionContexts"', b'"prefetchCache"', b'"prerenderCache"'})
_PREVIEW = frozenset({b"set-cookie", b"content-security-policy", b"x-frame-options", b"clear-site-data"})
_OWN_COOKIE = re.compile(rb"[ \t]*+(?i:__Host-firefly-)")


class BadAnswer(Exception):
    """An upstream that does not speak HTTP as it should."""


@dataclass(frozen=True, slots=True)
class Dress:
    """What is done to answers: `lines` are added; with `preview` frame rules and cookies of its own are changed."""

    lines: bytes = b""
    preview: bool = False


class Answer:
    """One answer's head: `text` as it goes on, `own` the X-Firefly-* fields that the app meant for the front door."""

    __slots__ = ("bodiless", "chunked", "end", "keep_alive", "length", "named", "own", "status", "text", "upgrade")

    def __init__(self, status: bytes, text: bytes, end: int, *, keep_alive: bool, length: int | None = None) -> None:
        self.status = int(status)
        self.text = text
        """Status line and fields."""
        self.named = _NONE
        """Further fields that end here, as Connection says."""
        self.end = end
        """Where the body begins, in what was read."""
        self.keep_alive = keep_alive
        self.length = length
        self.chunked = False
        self.bodiless = False
        self.upgrade: bytes | None = None
        self.own: dict[bytes, bytes] = {}

    def note_length(self, length: bytes) -> None:
        """Raises BadAnswer for what is no length, or a second one."""
        if self.length is not None or len(length) > 18 or not length.isdigit():
            raise BadAnswer("Content-Length")
        self.length = int(length)

    def note_connection(self, value: bytes) -> None:
        """Raises BadAnswer where it names a field that is for the client."""
        options = {option.strip(b" \t") for option in value.lower().split(b",")}
        if options & _NOT_HOP:
            raise BadAnswer("Connection names a field that is not for this hop alone")
        self.keep_alive = self.keep_alive and b"close" not in options
        self.named |= options - _OPTIONS

    def leave_out(self) -> None:
        """Take the fields away that Connection named."""
        self.text = _NAME.sub(lambda line: b"" if line[1].lower() in self.named else line[0], self.text)

    def reader(self, *, unwrap: bool) -> Reader:
        """Follows the body; `unwrap` for clients that do not know chunks."""
        if self.bodiless:
            return Counted(0)
        if self.chunked:
            return Chunked(unwrap=unwrap)
        return Endless() if self.length is None else Counted(self.length)

    def unwrap(self) -> None:
        """Take the Transfer-Encoding away, for clients that do not know it."""
        self.text = _ENCODING.sub(b"", self.text)

    def compose(self, lines: bytes) -> bytes:
        """The head to send on, with `lines` added."""
        return b"%b%b\r\n" % (self.text, lines)


class OldAnswer(Answer):
    """One in HTTP/1.0, which is what Via says of it."""

    __slots__ = ()

    def compose(self, lines: bytes) -> bytes:
        return Answer.compose(self, lines.replace(VIA % b"1", VIA % b"0"))


def parse(data: bytes, request: Head, *, preview: bool) -> Answer | None:
    """The answer to `request` that `data` begins with; None where it is not all there, or none. Raises BadAnswer."""
    usual = PLAIN.match(data)
    if usual is not None and request.method != b"HEAD":
        return plain(usual)
    found = ANSWER.match(data)
    return None if found is None else _read(found, request, preview=preview)


def plain(found: re.Match[bytes]) -> Answer:
    """The answer that PLAIN found."""
    begun, status, more, length, rest = found.groups()
    return Answer(status, begun + more + rest, found.end(), keep_alive=True, length=int(length))


def _read(found: re.Match[bytes], request: Head, *, preview: bool) -> Answer:
    """Raises BadAnswer where the framing can be read in two ways."""
    minor, title, fields = found.groups()
    if _PLAIN in fields:
        fields = fields.replace(_PLAIN, b"\r\n", 1)
    kind = Answer if minor == b"1" else OldAnswer
    answer = kind(title[:3], b"", found.end(), keep_alive=minor == b"1")
    kept: list[bytes] = []
    position = 0
    for field in _PICK.finditer(fields):
        name = field[1].lower()
        if name == b"content-length":
            answer.note_length(field[2].strip(b" \t"))
            continue
        line = _field(answer, name, field[2], preview=preview)
        if line is None:
            continue
        start, end = field.span()
        kept += (fields[position:start], line)
        position = end
    answer.text = b"".join((b"HTTP/1.1 ", title, *kept, fields[position:]))
    if answer.named:
        answer.leave_out()
    if answer.chunked and minor == b"0":
        raise BadAnswer("Transfer-Encoding in HTTP/1.0")
    _frame(answer, request)
    return answer


def _field(answer: Answer, name: bytes, value: bytes, *, preview: bool) -> bytes | None:
    """Note what a field means; returns the line to put in its place, None to leave it."""
    if name == b"transfer-encoding":
        if answer.chunked or value.strip(b" \t").lower() != b"chunked":
            raise BadAnswer("Transfer-Encoding")
        answer.chunked = True
        return None
    if name in _PREVIEW:
        return _preview_field(name, value) if preview else None
    if name == b"connection":
        answer.note_connection(value)
    elif name == b"upgrade":
        answer.upgrade = value.strip(b" \t")
    elif name.startswith(b"x-firefly"):
        answer.own[name] = value.strip(b" \t")
    return b""


def _preview_field(name: bytes, value: bytes) -> bytes | None:
    if name == b"set-cookie":
        if _OWN_COOKIE.match(value):
            return b""
        return b"\r\nSet-Cookie:" + _DOMAIN.sub(b"", value) if _DOMAIN.search(value) else None
    if name == b"content-security-policy":
        policy = _ANCESTORS.sub(b"", value).strip(b" \t;,")
        return b"\r\nContent-Security-Policy: " + policy if policy else b""
    if name == b"clear-site-data":
        kinds = b", ".join(kind for part in value.split(b",") if (kind := part.strip(b" \t")) in _OWN_DATA)
        return b"\r\nClear-Site-Data: " + kinds if kinds else b""
    return b""


def _frame(answer: Answer, request: Head) -> None:
    status = answer.status
    if answer.chunked and answer.length is not None:
        raise BadAnswer("both Content-Length and Transfer-Encoding")
    if status < 200 or status in (204, 304) or request.method == b"HEAD":
        answer.bodiless = True
        # Of 1xx and 204 a recipient might take a length for that of a body (RFC 9112, 6.3).
        if (status < 200 or status == 204) and (answer.chunked or answer.length):
            raise BadAnswer("a body where none can be")
    elif not answer.chunked and answer.length is None:
        answer.keep_alive = False
