"""Messages by a grammar, right ones and mutated ones, for hypothesis."""

from hypothesis import strategies as st

METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"REPORT"])
TARGETS = st.one_of(
    st.just(b"/"),
    st.text(st.sampled_from("abz019/?&=%.-_~!$'()*+,;:@[]{}|^`\"<>\\"), max_size=30).map(lambda t: b"/" + t.encode()),
)
NAMES = st.sampled_from([b"X", b"Accept", b"x-a", b"Cookie", b"Referer", b"Via", b"Range", b"!#$%&'*+-.^_`|~1a"])
VALUES = st.binary(max_size=20).map(lambda value: bytes(byte for byte in value if byte > 31 and byte != 127))
FIELDS = st.lists(st.builds(lambda name, value: b"%b: %b\r\n" % (name, value), NAMES, VALUES), max_size=5)
PARTS = st.lists(st.binary(min_size=1, max_size=30), max_size=5)
EXTENSIONS = st.sampled_from([b"", b"", b";a", b";a=b", b';a="b c"', b"; a = 1", b";"])
TRAILERS = st.sampled_from([b"", b"X-Sum: 1\r\n", b"Host: b\r\n", b"Content-Length: 9\r\nX: \r\n"])
CUTS = st.lists(st.integers(0, 300), max_size=6)


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    """A body in chunks."""
    sizes = draw(st.sampled_from([b"%x", b"%X", b"0%x"]))
    chunks = [(sizes % len(part)) + draw(EXTENSIONS) + b"\r\n" + part + b"\r\n" for part in draw(PARTS)]
    return b"".join(chunks) + b"0" + draw(EXTENSIONS) + b"\r\n" + draw(TRAILERS) + b"\r\n"


@st.composite
def framed(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A field that frames, and the body."""
    kind = draw(st.sampled_from(["none", "counted", "chunked"]))
    if kind == "none":
        return b"", b""
    if kind == "chunked":
        return b"Transfer-Encoding: chunked\r\n", draw(chunked())
    body = b"".join(draw(PARTS))
    return b"Content-Length: %d\r\n" % len(body), body


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that has to be passed on."""
    frame, body = draw(framed())
    host = b"Host: %b\r\n" % draw(st.sampled_from([b"a", b"a.b:80", b"A-1.example", b"[::1]:8000", b"192.0.2.1"]))
    lines = b"".join(draw(st.permutations([host, frame, *draw(FIELDS)])))
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (draw(METHODS), draw(TARGETS), lines, body)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer that has to be passed on, and whose end is marked."""
    frame, body = draw(framed().filter(lambda pair: bool(pair[0])))
    status = draw(st.sampled_from([b"200 OK", b"404", b"500 ", b"206 \xe4", b"301 Moved"]))
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]))
    lines = b"".join(draw(st.permutations([frame, *draw(FIELDS)])))
    return b"%bHTTP/1.1 %b\r\n%b\r\n%b" % (interim, status, lines, body)


# What confuses parsers, to be put anywhere.
SNIPPETS = [
    *(bytes([byte]) for byte in b'\0\t\n\r\x0b\x0c \x1f\x7f\x80\x85\xa0\xff0;:,+-_x"#/*'),
    *(b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\n ", b"\r\n\t", b"\n\r\n", b" \r\n", b"\r\r\n", b" :", b": ", b", chunked"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n"),
    *(b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n", b"transfer-encoding: identity\r\n"),
    *(b"Content-Length: +5\r\n", b"Content-Length:\t5\r\n", b"content-length: 5, 5\r\n", b"Connection: close\r\n"),
    *(b"Connection: content-length\r\n", b"Connection: transfer-encoding\r\n", b"Connection: x, upgrade\r\n"),
    *(
        b"Upgrade: websocket\r\n",
        b"Upgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"Trailer: X\r\n",
        b"TE: trailers\r\n",
    ),
    *(b"GET /smuggled HTTP/1.1\r\nHost: c\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;", b"0x5\r\n", b"HTTP/1.0"),
    *(b"http://a/", b"http://b/", b"* ", b"CONNECT ", b"PRI * HTTP/2.0\r\n\r\n", b"HTTP/1.1 101 X\r\n", b"identity"),
]


@st.composite
def mutated(draw: st.DrawFn, messages: st.SearchStrategy[bytes]) -> bytes:
    """One or two messages, with a few things put in, taken out or changed."""
    data = b"".join(draw(st.lists(messages, min_size=1, max_size=2)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 0, 1, 2, 7]))
        data = data[:at] + draw(st.sampled_from([b"", *SNIPPETS])) + data[at + gone :]
    return data
