"""What a head means."""

import pytest

from firefly.proxy import heads
from firefly.proxy.heads import CHUNKED, BadHead

HOST = b"Host: shop--ann.preview.localhost:8000\r\n"


def parse(*lines: bytes, start: bytes = b"GET /a?b HTTP/1.1") -> heads.Head:
    return heads.parse(start + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")


def test_a_plain_head() -> None:
    head = heads.parse(b"GET /a/b?c HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (head.method, head.target, head.path) == (b"GET", b"/a/b?c", b"/a/b")
    assert head.host == b"shop--ann.preview.localhost:8000"
    assert (head.keep_alive, head.upgrade, head.length, list(head.fields.cuts)) == (True, None, 0, [])


@pytest.mark.parametrize("lines", [(b"Host: a", b"X: 1"), (b"X: 1", b"host: a"), (b"X: 1", b"HOST:a")])
def test_a_host_in_any_place_and_spelling(lines: tuple[bytes, ...]) -> None:
    assert parse(*lines).host == b"a"


@pytest.mark.parametrize("second", [b"Host: b", b"host: a", b"HOST:a"])
def test_a_second_host_anywhere_is_refused(second: bytes) -> None:
    for lines in ((b"Host: a", second), (second, b"X: 1", b"Host: a"), (b"Host: a", b"X: 1", second)):
        with pytest.raises(BadHead):
            parse(*lines)


@pytest.mark.parametrize("name", [b"sec-fetch-site", b"x-firefly-preview-token", b"accept"])
def test_a_field_in_any_spelling(name: bytes) -> None:
    for spelling in (name, name.title(), name.upper()):
        assert parse(b"Host: a", spelling + b":  value\t").field(name) == b"value"
    assert parse(b"Host: a", b"X: " + name + b": 1").field(name) is None


def test_cookies_by_name() -> None:
    head = parse(b"Host: a", b"Cookie: a=1;b=2; grant=x=y; a=3", b"cookie: c=4")
    found = {name: head.cookie(name) for name in (b"a", b"b", b"grant", b"c", b"rant", b"d")}
    assert found == {b"a": b"1", b"b": b"2", b"grant": b"x=y", b"c": b"4", b"rant": None, b"d": None}


@pytest.mark.parametrize(
    ("connection", "version", "expected"),
    [
        (b"keep-alive", b"1.1", True),
        (b"close", b"1.1", False),
        (b"Close, X", b"1.1", False),
        (b"keep-alive", b"1.0", False),
        (b"x", b"1.1", True),
    ],
)
def test_when_the_connection_lives_on(connection: bytes, version: bytes, expected: bool) -> None:
    head = parse(b"Host: a", b"Connection: " + connection, start=b"GET / HTTP/" + version)
    assert head.keep_alive is expected


def test_close_beside_keep_alive_is_close() -> None:
    assert parse(b"Host: a", b"Connection: keep-alive", b"Connection: close").keep_alive is False
    assert parse(b"Host: a", b"Connection: close", b"connection: x").keep_alive is False


@pytest.mark.parametrize(
    ("field", "length"),
    [(b"Content-Length: 0", 0), (b"content-length: 12", 12), (b"Transfer-Encoding: Chunked", CHUNKED)],
)
def test_how_the_body_is_framed(field: bytes, length: int) -> None:
    assert parse(b"Host: a", field, start=b"POST / HTTP/1.1").length == length


@pytest.mark.parametrize(
    ("target", "path"),
    [(b"http://a/x?y", b"/x?y"), (b"http://A", b"/"), (b"https://a?q", b"/?q"), (b"/http://b/", b"/http://b/")],
)
def test_the_target_in_origin_form(target: bytes, path: bytes) -> None:
    assert parse(b"Host: a", start=b"GET " + target + b" HTTP/1.1").target == path


def test_an_asterisk_for_options() -> None:
    assert parse(b"Host: a", start=b"OPTIONS * HTTP/1.1").target == b"*"


def test_an_upgrade_that_connection_names() -> None:
    assert parse(b"Host: a", b"Connection: keep-alive, Upgrade", b"Upgrade: websocket").upgrade == b"websocket"
    assert parse(b"Host: a", b"Upgrade: websocket").upgrade is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((b"Sec-Fetch-Mode: navigate",), True),
        ((b"Sec-Fetch-Mode: cors", b"Accept: text/html"), False),
        ((b"Accept: text/html,*/*",), True),
        ((b"Accept: */*",), False),
        ((b"Accept: text/html", b"Connection: Upgrade", b"Upgrade: websocket"), False),
    ],
)
def test_what_is_a_navigation(lines: tuple[bytes, ...], expected: bool) -> None:
    assert parse(b"Host: a", *lines).is_navigation is expected


@pytest.mark.parametrize("data", [b"G", b"GET", b"GET ", b"GET /", b"GET /a HT", b"OPTIONS *", b"GET http://a"])
def test_what_may_become_a_head_is_waited_for(data: bytes) -> None:
    assert heads.may_begin(data)


@pytest.mark.parametrize("data", [b"\x16\x03\x01", b"get /", b"\r\n", b"GET  /", b"GET x", b"A" * 30, b" GET"])
def test_what_cannot_become_one_is_not(data: bytes) -> None:
    assert not heads.may_begin(data)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"firefly-environment=pr-1", None),
        (b" firefly-environment = pr-1 ; a=b;c ", None),
        (b"firefly-environment=1, firefly-environment=2", None),
        (b"user=ann", b"user=ann"),
        (b"user=ann,firefly-environment=pr-1", b"user=ann"),
        (b"firefly-environment=pr-1,user=ann", b"user=ann"),
        (b"a=1,firefly-environment=pr-1;p=2, b=2;x", b"a=1, b=2;x"),
        (b"firefly-environment=1,firefly-environment=2,a=1,Firefly-Environment=3", b"a=1"),
        (b"firefly%2Denvironment=1, a=1", b"a=1"),
        (b"firefly-environment", None),
        (b"firefly-environments=1,my-firefly-environment=2", b"firefly-environments=1,my-firefly-environment=2"),
        (b"a=firefly-environment%3D1", b"a=firefly-environment%3D1"),
        (b"", b""),
    ],
)
def test_of_baggage_only_our_own_member_is_taken(value: bytes, left: bytes | None) -> None:
    fields = parse(b"Host: a", b"Baggage: " + value, b"X: 1", b"baggage:c=3").fields
    kept = b"\r\nHost:a\r\n" + (b"" if left is None else b"Baggage:" + left + b"\r\n") + b"X:1\r\nbaggage:c=3\r\n"
    assert fields.for_sandbox() == fields.for_app() + b"Via: 1.1 firefly\r\n"
    assert fields.for_app().replace(b" ", b"") == kept.replace(b" ", b"")


def test_baggage_that_ends_here_ends_as_a_whole() -> None:
    fields = parse(b"Host: a", b"Connection: baggage", b"Baggage: a=1,firefly-environment=2,b=3", b"X: 1").fields
    assert fields.for_app() == b"\r\nHost: a\r\nX: 1\r\n"


@pytest.mark.parametrize(("version", "own"), [(b"1.1", b"1.1 firefly"), (b"1.0", b"1.0 firefly")])
@pytest.mark.parametrize(
    "cookies", [(), (b"Cookie: __Host-firefly-grant=x",), (b"Cookie: __Host-firefly-grant=x; a=b",)]
)
def test_via_is_continued_towards_sandboxes(version: bytes, own: bytes, cookies: tuple[bytes, ...]) -> None:
    fields = parse(b"Host: a", *cookies, b"Via: 1.1 vite", start=b"GET / HTTP/" + version).fields
    assert [line for line in fields.for_sandbox().split(b"\r\n") if line.startswith(b"Via")] == [
        b"Via: 1.1 vite",
        b"Via: " + own,
    ]
    assert b"firefly" not in fields.for_app().replace(b"__Host-firefly-grant", b"")


@pytest.mark.parametrize("passes", [b"Via: 1.1 firefly\r\nVia: 1.0 firefly, 1.1 vite", b"via: 1.1 firefly,1.1 firefly"])
def test_a_request_that_goes_round_in_circles_is_stopped(passes: bytes) -> None:
    assert parse(b"Host: a", *[passes] * 3).field(b"via")
    with pytest.raises(BadHead) as caught:
        parse(b"Host: a", *[passes] * 4)
    assert caught.value.status == 508
