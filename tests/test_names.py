"""The grammar of names."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.names import RESERVED_NAMES, is_name, validate_name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "empty"),
        ("a" * 40, "too long"),
        ("Shop", "capitals"),
        ("käse", "a-z"),
        ("a--b", "single hyphens"),
        ("-a", "begins and ends"),
        ("a-", "begins and ends"),
        ("a b", "single hyphens"),
        ("a/b", "single hyphens"),
        ("..", "single hyphens"),
        ("a\x00", "single hyphens"),
        ("a\n", "single hyphens"),
        ("system", "reserved"),
    ],
)
def test_names_that_are_refused(name: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as refusal:
        validate_name(name, field="owner")
    assert refusal.value.field == "owner"


@given(st.from_regex(r"[a-z0-9](?:-?[a-z0-9]){0,38}", fullmatch=True))
def test_names_that_are_taken(name: str) -> None:
    assume(is_name(name) and name not in RESERVED_NAMES)
    assert validate_name(name) == name
