"""Secrets in what is printed: found in the forms in which programs show them, and hidden."""

import base64
import json
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick, MatchKind

# A value that is shorter would blacken words that have nothing to do with it.
SHORTEST = 6
HIDDEN = "•••".encode()
# Where `base64` and openssl break their lines.
WRAPS = (76, 64)
# By so many of its first bytes a value is recognised that has only begun.
BEGINNING = 8


class Masks:
    """What must not be seen. A value of several lines is hidden line by line, as it is printed."""

    def __init__(self) -> None:
        self._forms: frozenset[bytes] = frozenset()
        self._beginnings: frozenset[bytes] = frozenset()
        self._finder: BytesAhoCorasick | None = None
        self.longest = 0

    def add(self, *values: str) -> None:
        """Takes a second for a hundred long values: for a thread."""
        forms = self._forms.union(*(forms_of(value) for value in values))
        if forms == self._forms:
            return
        self._beginnings = frozenset(form[:length] for form in forms for length in _lengths(form))
        self.longest = max(map(len, forms))
        self._finder = BytesAhoCorasick(sorted(forms), matchkind=MatchKind.Standard)
        self._forms = forms

    def hide(self, data: bytes) -> bytes:
        finder = self._finder
        # Whether there is any is told sooner than where all are, also those that overlap.
        if finder is None or not finder.find_matches_as_indexes(data):
            return data
        found = finder.find_matches_as_indexes(data, overlapping=True)
        shown, at = [], 0
        for start, end in _joined(sorted((start, end) for _, start, end in found)):
            shown += [data[at:start], HIDDEN]
            at = end
        return b"".join([*shown, data[at:]])

    def begins_in(self, tail: bytes) -> bool:
        """Whether the end of `tail` may be the beginning of something that must not be seen."""
        ends = (tail[-length:] for length in range(1, BEGINNING))
        further = (tail[at : at + BEGINNING] for at in range(len(tail) - BEGINNING + 1))
        return any(piece in self._beginnings for piece in chain(ends, further))


def _joined(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that touch one another as one."""
    begin, until = spans[0]
    for start, end in spans[1:]:
        if start > until:
            yield begin, until
            begin, until = start, end
        until = max(until, end)
    yield begin, until


def _lengths(form: bytes) -> range:
    """Of the beginnings of a form that are not the whole of it."""
    return range(1, min(BEGINNING, len(form) - 1) + 1)


def forms_of(value: str) -> set[bytes]:
    """How `value` may look in output: as it is, in JSON, in a URL, in base64 wherever in a longer text it stands."""
    lines = [line.strip() for line in value.splitlines()]
    texts = [line for line in lines if len(line) >= SHORTEST]
    wholes = {value, value.strip(), *texts} if len(value.strip()) >= SHORTEST else set()
    forms = {form for text in texts for form in _plain(text)}
    forms |= {form for whole in wholes for form in _base64(whole.encode(errors="replace"))}
    return {form for form in forms if len(form) >= SHORTEST}


def _plain(text: str) -> Iterator[bytes]:
    escaped = quote(text, safe="", errors="replace")
    yield from (
        form.encode(errors="replace")
        for form in (
            text, escaped, escaped.replace("%2F", "/"), quote_plus(text, errors="replace"),
            _lower(escaped), _lower(escaped).replace("%2f", "/"),
            json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1],
        )
    )  # fmt: skip


def _lower(escaped: str) -> str:
    """With `%2f` in the place of `%2F`."""
    first, *parts = escaped.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in parts)])


def _base64(data: bytes) -> Iterator[bytes]:
    """Only of the characters that nothing beside the value has a say in; with either alphabet."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        inner = encoded[math.ceil(before * 8 / 6) : (before + len(data)) * 8 // 6]
        wrapped = [inner[at : at + width] for width in WRAPS for at in range(0, len(inner), width) if before == 0]
        for form in (inner, *wrapped):
            yield form
            yield form.translate(bytes.maketrans(b"+/", b"-_"))
