r"""Messages that a front door meets, good and bad, each with the rule that decides about it.

One file for each subject, `requests-*.txt` and `answers-*.txt`. An entry:

    == a signed length
    rule: RFC 9110 8.6
    expect: refuse 400
    with: +5
    with: -5
    >{POST}Content-Length: {}\r\n
    >\r\n
    >hello

Lines that begin with `>` are the bytes, one after another with nothing in between. `\r`, `\n`, `\t`, `\0`, `\\` and
`\xhh` stand for bytes; `{GET}` and `{POST}` for a request line and a Host field, `{OK}` for a status line, `{HOST}` for
a host that exists, `{3*ab}` for `ababab`. Each `with:` makes an entry of its own, in which `{}` is that value.

`expect:` for requests, one for each answer, separated by commas; after a good one another request is tried.

    pass             forwarded, and answered by the upstream
    pass close       the same, and the connection ends then
    refuse <status>  nothing of it forwarded, answered by the front door, closed
    cut <status>     forwarded, but neither its end nor anything after it: answered by the front door, closed
    own <status>     answered by the front door, nothing forwarded, and the connection lives on
    late <status>    like refuse, when the time for a head is over

`expect:` for answers. `asked:` is the method, GET if nothing is said; `then: close` ends the upstream's connection.

    pass <statuses> [<body>]   whole, and the next request gets its own answer
    refuse 502                 answered by the front door, nothing of it passed on
    cut                        begun, then closed so that the client sees that the end is missing

`holds:` and `lacks:` are bytes that are in what was passed on, or are not, whatever their case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOST = "shop--ann.preview.localhost"
FOLDER = Path(__file__).parent
_KEYS = frozenset({"rule", "expect", "with", "asked", "then", "holds", "lacks"})
_ESCAPE = re.compile(rb"\\(r|n|t|0|\\|x[0-9a-f]{2})")
_REPEAT = re.compile(rb"\{([0-9]+)\*([^}]+)\}")
_BYTES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
_WORDS = {
    b"{GET}": b"GET / HTTP/1.1\r\nHost: %b:8000\r\n" % HOST.encode(),
    b"{POST}": b"POST / HTTP/1.1\r\nHost: %b:8000\r\n" % HOST.encode(),
    b"{OK}": b"HTTP/1.1 200 OK\r\n",
    b"{HOST}": HOST.encode(),
}


@dataclass(frozen=True)
class Entry:
    name: str
    rule: str
    expect: str
    data: bytes
    asked: str = "GET"
    then: str = ""
    holds: tuple[bytes, ...] = ()
    lacks: tuple[bytes, ...] = ()


@dataclass
class _Draft:
    name: str
    keys: dict[str, list[str]] = field(default_factory=dict)
    text: str = ""


def read(kind: str) -> dict[str, list[Entry]]:
    """All entries of a kind, `requests` or `answers`, by subject."""
    return {
        path.stem.removeprefix(f"{kind}-"): list(_entries(path.read_text(encoding="ascii")))
        for path in sorted(FOLDER.glob(f"{kind}-*.txt"))
    }


def unescape(text: str) -> bytes:
    return _ESCAPE.sub(lambda found: _BYTES.get(found[1]) or bytes.fromhex(found[1][1:].decode()), text.encode())


def _entries(text: str) -> Iterator[Entry]:
    for draft in _drafts(text):
        values = draft.keys.get("with")
        if values is None:
            yield _entry(draft, draft.name, "")
        for value in values or ():
            yield _entry(draft, f"{draft.name}: {value}", value)


def _drafts(text: str) -> Iterator[_Draft]:
    draft: _Draft | None = None
    for line in text.splitlines():
        if line.startswith("== "):
            if draft is not None:
                yield draft
            draft = _Draft(line.removeprefix("== "))
        elif draft is not None and line.startswith(">"):
            draft.text += line[1:]
        elif draft is not None and line and not line.startswith("#"):
            key, colon, value = line.partition(":")
            if key not in _KEYS or not colon:
                raise ValueError(f"{draft.name}: {line!r} is no line of an entry")
            draft.keys.setdefault(key, []).append(value.removeprefix(" "))
    if draft is not None:
        yield draft


def _entry(draft: _Draft, name: str, value: str) -> Entry:
    keys = draft.keys
    return Entry(
        name,
        keys["rule"][0],
        keys["expect"][0].replace("{}", value),
        _expand(draft.text, _expand(value)),
        asked=keys.get("asked", ["GET"])[0],
        then=keys.get("then", [""])[0],
        holds=tuple(map(_expand, keys.get("holds", ()))),
        lacks=tuple(map(_expand, keys.get("lacks", ()))),
    )


def _expand(text: str, value: bytes = b"") -> bytes:
    data = unescape(text)
    for word, meant in _WORDS.items():
        data = data.replace(word, meant)
    data = _REPEAT.sub(lambda found: found[2] * int(found[1]), data)
    return data.replace(b"{}", value)
