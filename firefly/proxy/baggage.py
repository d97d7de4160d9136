"""The Baggage field (www.w3.org/TR/baggage): one member is Firefly's own, and nobody else's to say; all others pass."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

OWN = b"firefly-environment"


def own_members(text: bytes, begin: int, end: int, line: int) -> Sequence[tuple[int, int]]:
    """Where our own members are in `text`, whose value of the field lies between `begin` and `end`.

    A member ends at a comma, whatever is in it (3.3.1.2). Where nothing else is in the field, it is all of its `line`.
    """
    cuts, position, others = [], begin, False
    for member in text[begin:end].split(b","):
        after = position + len(member)
        key = unquote_to_bytes(member.partition(b"=")[0].partition(b";")[0]).strip(b" \t").lower()
        if key == OWN:
            # With the comma before it where something stays before it, else with that after it.
            cuts.append((position - 1, after) if others else (position, min(after + 1, end)))
        elif member.strip(b" \t"):
            others = True
        position = after + 1
    return cuts if others or not cuts else [(line, end)]
