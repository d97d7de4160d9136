"""What is remembered, and for how long."""

import pytest

from firefly.proxy import heads
from firefly.proxy.heads import Heads
from firefly.proxy.limits import Limits
from firefly.proxy.recent import Recent

FIELDS = b" HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\n\r\n"


def keep(recent: Recent[str], *keys: bytes) -> None:
    for key in keys:
        recent.put(key, key.decode())
        recent.put(key, key.decode())


def test_what_is_put_twice_is_kept() -> None:
    recent: Recent[str] = Recent(4)
    recent.put(b"a", "a")
    assert (recent.get(b"a"), len(recent)) == (None, 0)
    recent.put(b"a", "a")
    assert (recent.get(b"a"), len(recent)) == ("a", 1)


def test_what_is_asked_for_outlives_what_is_not() -> None:
    recent: Recent[str] = Recent(4)
    keep(recent, b"a", b"b")
    for number in range(20):
        assert recent.get(b"a") == "a"
        keep(recent, b"%d" % number)
        assert len(recent) <= 4
    assert recent.get(b"b") is None


def test_what_comes_once_pushes_nothing_out() -> None:
    recent: Recent[str] = Recent(4)
    keep(recent, b"a")
    for number in range(1000):
        recent.put(b"%d" % number, "once")
    assert recent.get(b"a") == "a"


def learnt(heads_: Heads, start: bytes = b"GET /") -> None:
    for _ in range(2):
        heads_.read(start + FIELDS, len(start + FIELDS))


def test_known_fields_are_shared_and_the_rest_is_not() -> None:
    known = Heads(Limits())
    learnt(known)
    first, second = known.known(b"GET /a?b" + FIELDS), known.known(b"POST /c" + FIELDS)
    assert first is not None
    assert second is not None
    assert (first.method, first.target, second.method, second.target) == (b"GET", b"/a?b", b"POST", b"/c")
    assert first.fields is second.fields
    first.keep_alive = False
    assert second.keep_alive


def test_only_what_the_grammar_would_accept_is_known() -> None:
    known = Heads(Limits(head=200))
    learnt(known)
    assert known.known(b"GET /" + FIELDS) is not None
    for start in (b"get /", b"GET  /", b"GET /a b", b"GET /#", b"GET /\x7f", b" GET /", b"GET x", b"GET /\r", b"GET"):
        assert known.known(start + FIELDS) is None
    assert known.known(b"GET /" + b"a" * 200 + FIELDS) is None
    assert known.known(b"GET /" + FIELDS + b"GET /" + FIELDS) is None
    assert known.known(b"GET /" + FIELDS[:-2]) is None


def test_what_is_refused_is_not_remembered() -> None:
    known = Heads(Limits())
    bad = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    for _ in range(3):
        assert known.known(bad) is None
        try:
            known.read(bad, len(bad))
        except heads.BadHead:
            continue
        raise AssertionError("it was accepted")


def test_the_version_is_part_of_what_is_known() -> None:
    known = Heads(Limits())
    learnt(known)
    assert known.known(b"GET /" + FIELDS.replace(b"1.1", b"1.0")) is None


def test_how_many_fields_a_head_may_have_is_a_setting() -> None:
    few = Heads(Limits(fields=16))
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 15 + b"\r\n"
    assert few.read(head, len(head)).host == b"a"
    more = head.replace(b"Host", b"X: 1\r\nHost")
    with pytest.raises(heads.BadHead):
        few.read(more, len(more))
