"""How much JSON holds, told without reading it, which takes time and memory by that, and lets nothing else be done."""

import re

# Of what strangers send; a hundred repositories of a provider, or a push of a thousand commits, have some ten thousand.
MOST_VALUES = 200_000
_TEXT = re.compile(rb'"[^"]*"?')


def values_in(body: bytes | bytearray) -> int:
    """At most so many keys and values, in whatever coding."""
    return 1 + sum(map(body.count, (b",", b"[", b"{")))


def is_heavy(body: bytes, most: int = MOST_VALUES) -> bool:
    """Whether UTF-8 holds more than `most` of them, whatever stands in its texts, which may be lines of JSON."""
    if values_in(body) <= most:
        return False
    # Without what is escaped each quotation mark begins or ends a text: one pass, whatever this is.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return bare.count(b'"') > 2 * most or values_in(_TEXT.sub(b"", bare)) > most
