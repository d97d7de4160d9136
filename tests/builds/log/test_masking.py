"""Secrets in output: hidden in every form, however the output was cut, and nothing else with them."""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.builds.log.lines import Lines
from firefly.builds.log.masking import HIDDEN, SHORTEST, Masks, forms_of

SECRET = "s3cr3t/päss+wörd~="
secrets = st.text(st.characters(codec="utf-8", exclude_characters="•\r\n", exclude_categories=["C", "Z"]), min_size=6)


def masks(*values: str) -> Masks:
    made = Masks()
    made.add(*values)
    return made


def printed(found: Masks, output: bytes, cuts: list[int]) -> bytes:
    """What comes of output that arrives in pieces."""
    lines, at, given = Lines(found), 0, []
    for cut in [*sorted(cuts), len(output)]:
        given.append(lines.feed(output[at:cut]))
        at = max(at, cut)
    return b"\n".join(text for text in [*given, lines.end()] if text is not None)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET)),
        json.dumps(SECRET)[1:-1],
    ],
)
def test_a_secret_is_hidden_as_it_is_in_json_and_in_urls(form: str) -> None:
    assert masks(SECRET).hide(f"token: {form}!".encode()) == b"token: " + HIDDEN + b"!"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", "\n", "@host/"])
def test_a_secret_is_hidden_in_base64_wherever_it_stands_in_what_was_encoded(
    encode: Callable[[bytes], bytes], before: str, after: str
) -> None:
    encoded = encode(f"{before}{SECRET}{after}".encode())
    shown = masks(SECRET).hide(encoded)
    assert HIDDEN in shown
    # What is left are the characters that hold a part of a neighbour's bits.
    assert len(shown.replace(HIDDEN, b"").rstrip(b"=")) <= (len(before) + len(after)) * 4 // 3 + 4


def test_a_long_value_is_hidden_where_base64_breaks_its_lines() -> None:
    key = "".join(chr(33 + number % 90) for number in range(300))
    shown = masks(key).hide(base64.encodebytes(key.encode()))
    assert set(shown.replace(HIDDEN, b"").split()) <= {b"="}


def test_of_a_value_of_several_lines_each_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nabcdefghijkl\n  mnopqrstuvwx\n=\n-----END KEY-----\n"
    shown = printed(masks(key), f"x\n{key}".replace("\n", "\r\n").encode(), [])
    assert shown.split(b"\n") == [b"x", HIDDEN, HIDDEN, b"  " + HIDDEN, b"=", HIDDEN]


def test_secrets_that_overlap_are_hidden_whole() -> None:
    found = masks("abcdefgh", "efghijkl", "abcdefghijklmnop")
    assert found.hide(b"<abcdefghijkl>") == b"<" + HIDDEN + b">"
    assert found.hide(b"<abcdefghijklmnop>") == b"<" + HIDDEN + b">"


def test_what_is_too_short_to_be_one_blackens_nothing() -> None:
    assert not forms_of("abc")
    assert not forms_of("")
    assert not forms_of("a\nb\nc")
    assert masks("x" * (SHORTEST - 1), "").hide(b"xxxxx ok") == b"xxxxx ok"


@given(secrets, st.binary(max_size=200), st.binary(max_size=200), st.lists(st.integers(0, 600), max_size=8))
def test_however_output_is_cut_no_secret_is_seen(secret: str, before: bytes, after: bytes, cuts: list[int]) -> None:
    encoded = base64.b64encode(secret.encode())
    output = (
        before + secret.encode() + after + secret.encode() + b"\n" + encoded + b" " + quote(secret).encode() + after
    )
    shown = printed(masks(secret), output, cuts)
    assert not any(form in shown for form in forms_of(secret))


@given(st.text(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_without_a_secret_nothing_changes(text: str, cuts: list[int]) -> None:
    clean = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    found = masks("something else entirely")
    assert printed(found, clean.encode(), cuts).decode() == clean.removesuffix("\n")


def test_the_beginning_of_a_secret_is_known() -> None:
    found = masks("abcdefgh")
    assert found.begins_in(b"the key is abcde")
    assert not found.begins_in(b"the key is abcd!")
    long = "".join(f"{number:04}" for number in range(8000))
    found.add(long)
    assert all(found.begins_in(f"of {long[:length]}".encode()) for length in (1, 7, 8, 9, 5000, 31_999))
    assert not found.begins_in(long[4:].encode())
