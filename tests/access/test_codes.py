"""Codes: readable, random, stored so that nobody who reads the database finds them."""

import re
from collections import Counter
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from firefly.access.codes import ALPHABET, hash_code, make_code, normalise

KEYS = (b"k" * 32, b"o" * 32)


def test_they_have_two_halves_without_look_alikes() -> None:
    for _ in range(200):
        assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", make_code())
    assert not set("01OILBSZUV") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 26


def test_every_character_comes_equally_often() -> None:
    counted = Counter("".join(make_code().replace("-", "") for _ in range(3250)))
    assert set(counted) == set(ALPHABET)
    assert all(700 < count < 1300 for count in counted.values())


@given(
    st.text(alphabet=ALPHABET, min_size=8, max_size=8), st.integers(0, 8), st.sampled_from(["-", " ", "  ", " - ", ""])
)
def test_they_are_read_however_they_are_typed(code: str, cut: int, between: str) -> None:
    assert normalise(f" {code[:cut].lower()}{between}{code[cut:]} ") == code


@given(st.text(max_size=200))
def test_anything_can_be_typed(typed: str) -> None:
    assert len(hash_code(KEYS, uuid4(), typed)) == 2


def test_what_looks_alike_is_read_as_what_there_is() -> None:
    assert normalise("B2S4-Z6Z8") == "82542628"


def test_hashes_differ_by_project_and_key() -> None:
    one, other = uuid4(), uuid4()
    assert hash_code(KEYS, one, "K7QM-2XRD") == hash_code(KEYS, one, "k7qm2xrd")
    assert len({*hash_code(KEYS, one, "K7QM-2XRD"), *hash_code(KEYS, other, "K7QM-2XRD")}) == 4
