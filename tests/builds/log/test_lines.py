"""Lines of what is printed: whole, printable, as a terminal would leave them, and none too long."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.builds.log.lines import LONGEST, NOTICE, Lines
from firefly.builds.log.masking import HIDDEN, Masks


def printed(*parts: bytes, masks: Masks | None = None) -> list[bytes]:
    lines = Lines(masks or Masks())
    given = [lines.feed(part) for part in parts]
    return [line for text in [*given, lines.end()] if text is not None for line in text.split(b"\n")]


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=40)), st.lists(st.integers(0, 500)))
def test_lines_are_the_same_however_they_are_cut(lines: list[str], cuts: list[int]) -> None:
    output = "".join(f"{line}\n" for line in lines).encode()
    edges = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    parts = [output[start:end] for start, end in itertools.pairwise(edges)]
    assert printed(*parts) == [line.encode() for line in lines]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_whatever_is_printed_can_be_shown(output: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    for line in printed(*(output[start:end] for start, end in itertools.pairwise(edges))):
        assert not set(line.decode()) & {chr(code) for code in range(32) if chr(code) not in "\t\x1b"} - {"\r"}


def test_colours_are_kept_and_bytes_are_made_printable() -> None:
    assert printed(b"\x1b[31mred\x1b[0m\n", b"a\0b\x07\x7f\n", b"\xff\xfe\xc3\n", "häß".encode()) == [
        b"\x1b[31mred\x1b[0m",
        "a␀b␇␡".encode(),
        "���".encode(),
        "häß".encode(),
    ]


@pytest.mark.parametrize("parts", [(b"10%\r50%\r100%\ndone\n",), (b"10%\r", b"50%", b"\r100", b"%\r\r\ndo", b"ne\r\n")])
def test_of_a_progress_bar_the_last_state_is_kept(parts: tuple[bytes, ...]) -> None:
    assert printed(*parts) == [b"100%", b"done"]


def test_an_endless_progress_bar_takes_no_room() -> None:
    lines = Lines(Masks())
    for number in range(5000):
        assert lines.feed(b"\r" + b"#" * (number % 50)) is None
    assert len(lines._rest) < 100
    assert lines.feed(b"\rdone\n") == b"done"


@pytest.mark.parametrize("size", [1000, LONGEST])
def test_a_line_without_end_is_cut_with_notice(size: int) -> None:
    whole = b"x" * (3 * LONGEST)
    (cut, after) = printed(*(whole[at : at + size] for at in range(0, len(whole), size)), b"y\nnext\n")
    kept = LONGEST - NOTICE
    assert cut == b"x" * kept + f" … {len(whole) + 1 - kept:,} bytes of this line left out".encode()
    assert after == b"next"


def test_a_secret_where_a_line_is_cut_is_hidden() -> None:
    masks = Masks()
    masks.add("a very secret value")
    (line,) = printed(b"x" * (LONGEST - NOTICE - 5) + b"a very secret value" + b"y" * LONGEST + b"\n", masks=masks)
    assert b"a ver" not in line
    assert line.startswith(b"x" * (LONGEST - NOTICE - 5))
    assert HIDDEN[:3] in line


def test_a_line_that_has_begun_is_shown_once_but_for_secrets() -> None:
    masks = Masks()
    masks.add("abcdefgh")
    lines = Lines(masks)
    assert lines.pause() is None
    lines.feed(b"Are you sure? ")
    assert lines.pause() == b"Are you sure? "
    assert lines.pause() is None
    assert lines.feed(b"\nno\n") == b"no"
    lines.feed(b"key abcd")
    assert lines.pause() is None
    assert lines.feed(b"efgh\n") == b"key " + HIDDEN
