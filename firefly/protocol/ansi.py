"""Escape sequences of terminals in what was printed: removed, or all but the colours."""

import re

# Sequences that begin with CSI, those that carry a string (titles, links), those of two or three characters. The bell
# that may end a string is a picture of one where output was made printable.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07␇\x1b\n]*(?:[\x07␇]|\x1b\\)|[ -/]*[0-~])|\x1b")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def plain(text: str) -> str:
    return _SEQUENCE.sub("", text) if "\x1b" in text else text


def coloured(text: str) -> str:
    """Fit for a terminal: nothing in it moves the cursor, sets a title or asks the terminal for anything."""
    if "\x1b" not in text:
        return text
    return _SEQUENCE.sub(lambda found: found[0] if _COLOUR.fullmatch(found[0]) else "", text)
