"""Escape sequences of terminals in what was printed: removed, or all but the colours."""

import re

# Sequences that begin with CSI, those that carry a string (titles, links), those of two or three characters. The bell
# that may end a string is a picture of one where output was made printable.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07␇\x1b\n]*(?:[\x07␇]|\x1b\\)|[ -/]*[0-~])|\x1b")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# Single characters that begin sequences too, by which many terminals go.
_SINGLE = re.compile("[\x80-\x9f]")
# What moves the cursor, or turns the letters after it round, without a sequence.
_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    text = _without_single(text)
    return _SEQUENCE.sub("", text) if "\x1b" in text else text


def coloured(text: str) -> str:
    """Fit for a terminal: nothing in it moves the cursor, sets a title or asks the terminal for anything."""
    text = _without_single(text)
    if "\x1b" not in text:
        return text
    return _SEQUENCE.sub(lambda found: found[0] if _COLOUR.fullmatch(found[0]) else "", text)


def settled(text: str) -> str:
    """Lines for people, of words that strangers chose: they stand where they are, and say what they seem to say."""
    return _MOVES.sub("", plain(text))


def _without_single(text: str) -> str:
    return text if text.isascii() else _SINGLE.sub("", text)
