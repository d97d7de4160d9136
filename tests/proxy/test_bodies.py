"""Where bodies end, however they are cut into pieces."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.proxy.bodies import AT_ONCE, BadBody, Chunked, Counted, Endless, Reader, request_reader
from firefly.proxy.heads import CHUNKED

from .passing import feed_all

chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
extensions = st.sampled_from([b"", b";a", b";a=b", b';a="b c"'])
cuts = st.lists(st.integers(0, 400), max_size=12)


def feed(reader: Reader, data: bytes, places: list[int]) -> tuple[bytes, bytes | None]:
    """What comes out, and the rest, when `data` arrives cut at `places`."""
    out, rest = b"", None
    edges = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    for start, end in pairwise(edges):
        if rest is not None:
            rest += data[start:end]
            continue
        body, rest = feed_all(reader, data[start:end])
        out += body
    return out, rest


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=50), cuts)
def test_a_counted_body_ends_after_its_length(body: bytes, after: bytes, places: list[int]) -> None:
    assert feed(Counted(len(body)), body + after, places) == (body, after)


@given(chunks, extensions, st.binary(max_size=50), cuts)
def test_chunks_lose_only_their_extensions(
    parts: list[bytes], extension: bytes, after: bytes, places: list[int]
) -> None:
    sent = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n\r\n"
    plain = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    assert feed(Chunked(), sent + after, places) == (plain, after)


@given(chunks, extensions, cuts)
def test_the_framing_can_be_taken_off(parts: list[bytes], extension: bytes, places: list[int]) -> None:
    sent = b"".join(b"%X%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\nX: 1\r\n\r\n"
    assert feed(Chunked(unwrap=True), sent, places) == (b"".join(parts), b"")


@given(cuts)
def test_trailers_keep_what_they_may_hold(places: list[int]) -> None:
    sent = b"0\r\nX-Sum: 1\r\nContent-Length: 5\r\nHost: evil\r\nX-Firefly-Member: x\r\nServer-Timing: a\r\n\r\nrest"
    assert feed(Chunked(), sent, places) == (b"0\r\nX-Sum: 1\r\nServer-Timing: a\r\n\r\n", b"rest")


@given(st.binary(max_size=200), cuts)
def test_any_bytes_end_or_are_refused_however_they_are_cut(data: bytes, places: list[int]) -> None:
    try:
        whole: object = feed(Chunked(unwrap=True), data, [])
    except BadBody:
        whole = BadBody
    try:
        cut: object = feed(Chunked(unwrap=True), data, places)
    except BadBody:
        cut = BadBody
    if whole is not BadBody and cut is not BadBody:
        assert whole == cut
    else:
        assert whole is cut is BadBody


def test_nothing_but_a_line_is_held() -> None:
    reader = Chunked()
    assert reader.feed(b"100000\r\n" + b"x" * 1000)[0].endswith(b"x" * 1000)
    assert reader.feed(b"y" * 5000) == (b"y" * 5000, None)


@pytest.mark.parametrize("line", [b"5;" + b"a" * 5000, b"0\r\n" + b"X: 1\r\n" * 3000])
def test_a_line_without_end_is_refused(line: bytes) -> None:
    with pytest.raises(BadBody):
        Chunked().feed(line)


def test_many_extensions_are_refused() -> None:
    few, many = b"1;a\r\nx\r\n" * 1000, b"1;a\r\nx\r\n" * 10_000
    assert feed_all(Chunked(), few) == (b"1\r\nx\r\n" * 1000, None)
    with pytest.raises(BadBody):
        feed_all(Chunked(), many)


@pytest.mark.parametrize("size", [b"1", b"0e", b"F", b"00000000f"])
def test_small_chunks_pass_many_at_a_time(size: bytes) -> None:
    chunk = size + b"\r\n" + b"\n" * int(size, 16) + b"\r\n"
    assert feed(Chunked(), chunk * 5000 + b"0\r\n\r\nnext", []) == (chunk * 5000 + b"0\r\n\r\n", b"next")
    assert feed(Chunked(), chunk * 50 + b"0\r\n\r\nnext", [3, 7]) == (chunk * 50 + b"0\r\n\r\n", b"next")
    assert feed(Chunked(unwrap=True), chunk * 2, []) == (b"\n" * int(size, 16) * 2, None)
    with pytest.raises(BadBody):
        Chunked().feed(chunk * 2 + size + b"\r\n" + b"\n" * int(size, 16) + b"x")


def test_an_endless_body_does_not_end() -> None:
    assert Endless().feed(b"0\r\n\r\n") == (b"0\r\n\r\n", None)


def test_requests_are_counted_or_chunked() -> None:
    assert isinstance(request_reader(CHUNKED), Chunked)
    assert isinstance(request_reader(5), Counted)


@pytest.mark.parametrize("unwrap", [False, True])
def test_many_chunks_are_looked_at_a_few_in_one_turn(unwrap: bool) -> None:
    chunks = 4 * AT_ONCE
    reader, turns, body = Chunked(unwrap=unwrap), 0, b""
    data, rest = (b"10\r\n" + b"x" * 16 + b"\r\n") * chunks + b"0\r\n\r\nnext", None
    while rest is None:
        part, rest = reader.feed(data)
        assert part.count(b"x") <= 16 * AT_ONCE
        assert reader.behind is (rest is None)
        body, data, turns = body + part, b"", turns + 1
    assert (body.count(b"x"), rest) == (16 * chunks, b"next")
    assert turns > 4


@pytest.mark.parametrize("seed", range(20))
def test_what_is_unwrapped_is_the_same_however_small_the_chunks_and_however_cut(seed: int) -> None:
    chosen = random.Random(seed)
    parts = [bytes(chosen.choices(b"\r\n0aF1;", k=chosen.choice((1, 1, 2, 9, 10, 15, 16, 40)))) for _ in range(200)]
    lines = [chosen.choice((b"%x", b"%X", b"00%x", b"%x;a=b")) % len(part) for part in parts]
    sent = b"".join(line + b"\r\n" + part + b"\r\n" for line, part in zip(lines, parts, strict=True))
    sent += b"0\r\n\r\nnext"
    reader, got, rest, at = Chunked(unwrap=True), b"", None, 0
    while rest is None:
        size = 0 if reader.behind else chosen.randrange(1, 300)
        body, rest = reader.feed(sent[at : at + size])
        at, got = at + size, got + body
    assert got == b"".join(parts)
    assert rest + sent[at:] == b"next"
