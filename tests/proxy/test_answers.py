"""An answer means the same whichever expression reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.proxy import answers, heads
from firefly.proxy.answers import PLAIN, BadAnswer

REQUEST = heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
LINES = [
    b"Content-Type: text/html",
    b"content-type: text/css",
    b"Cache-Control: no-store",
    b"Server: any",
    b"Date: Fri, 20 Nov 2026 20:26:00 GMT",
    b'ETag: "1"',
    b"Connection: keep-alive",
    b"Keep-Alive: timeout=5",
    b"connection: close",
    b"Content-Length: 3",
    b"content-length: 3",
    b"Content-Length: 4",
    b"Transfer-Encoding: chunked",
    b"Set-Cookie: a=b; Domain=x",
    b"X-Powered-By: Express",
    b"X-Firefly-Tunnel: handle",
    b"X-Frame-Options: DENY",
    b"Content-Security-Policy: frame-ancestors 'none'",
    b'Clear-Site-Data: "cookies"',
    b"Upgrade: websocket",
    b"Vary: *",
]


def head(lines: list[bytes], status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@given(
    st.lists(st.sampled_from(LINES), max_size=6), st.sampled_from([b"200 OK", b"404", b"304 Not Modified", b"204 No"])
)
def test_both_expressions_agree(lines: list[bytes], status: bytes) -> None:
    data = head(lines, status)
    if PLAIN.match(data) is None:
        return
    short = answers.parse(data, REQUEST, preview=True)
    found = answers.ANSWER.match(data)
    assert short is not None
    assert found is not None
    long = answers._read(found, REQUEST, preview=True)
    for name in answers.Answer.__slots__:
        assert getattr(short, name) == getattr(long, name), name


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in LINES
        if line.startswith((b"X-F", b"Set", b"Trans", b"Up", b"connection", b"Content-S", b"Clear"))
    ],
)
def test_what_means_something_is_never_plain(line: bytes) -> None:
    assert PLAIN.match(head([b"Content-Length: 3"])) is not None
    for lines in ([line, b"Content-Length: 3"], [b"Content-Length: 3", line], [b"Connection: keep-alive", line]):
        assert PLAIN.match(head(lines)) is None
        assert PLAIN.match(head([name.lower() for name in lines])) is None


def test_two_lengths_are_refused() -> None:
    with pytest.raises(BadAnswer):
        answers.parse(head([b"Content-Length: 3", b"Date: x", b"content-length: 3"]), REQUEST, preview=True)


def test_an_answer_to_head_has_no_body() -> None:
    request = heads.parse(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = answers.parse(head([b"Content-Length: 3"]), request, preview=True)
    assert answer is not None
    assert answer.bodiless
