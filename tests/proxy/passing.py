"""What the front door would pass on of some bytes, without a socket, and how everybody else reads that.

`pass_on` does with heads and bodies what `Connection` does; a test holds the two together over the corpus.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from firefly.proxy import answers, heads
from firefly.proxy.answers import BadAnswer
from firefly.proxy.bodies import BadBody, Endless, Reader, request_reader
from firefly.proxy.forwarded import to_sandbox
from firefly.proxy.heads import END, BadHead, Head
from firefly.proxy.reception import REFUSED_METHODS

from .readers import ANSWER_READERS, READERS, Message, Refused

LINES = b"X-Forwarded-For: 192.0.2.1\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
QUESTION = heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
# Why a parser may refuse what was passed on, which is no misunderstanding: llhttp knows some methods only, and
# aiohttp takes fields like User-Agent once.
STRICTER = ("Invalid method", "Expected space after method", "Duplicate ")


@dataclass
class Passed:
    """Requests in the order they came; of the last one perhaps only the beginning."""

    heads: list[Head] = field(default_factory=list)
    onward: list[bytes] = field(default_factory=list)
    whole: bool = True
    """Whether the last one ended."""
    refused: Exception | None = None


def pass_on(data: bytes, cuts: Sequence[int] = ()) -> Passed:
    """What goes on of requests on one connection; bodies come in pieces that end at `cuts`."""
    passed = Passed()
    while END in data and passed.whole:
        end = data.index(END) + len(END)
        try:
            head = heads.parse(data[:end])
            if head.method in REFUSED_METHODS:
                break
            passed.heads.append(head)
            passed.onward.append(to_sandbox(head, LINES, b"id"))
            passed.whole = not head.length
            data = data[end:] if passed.whole else _body(passed, head, data[end:], cuts)
        except (BadHead, BadBody) as error:
            passed.refused = error
            break
        if head.upgrade or not head.keep_alive:
            break
    return passed


def _body(passed: Passed, head: Head, data: bytes, cuts: Sequence[int]) -> bytes:
    reader = request_reader(head.length)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in pairwise(edges):
        body, rest = feed_all(reader, data[start:end])
        passed.onward[-1] += body
        if rest is not None:
            passed.whole = True
            return rest + data[end:]
    return b""


def feed_all(reader: Reader, data: bytes) -> tuple[bytes, bytes | None]:
    """What `Reader.feed` returns, however many turns it takes."""
    body, rest = reader.feed(data)
    parts = [body]
    while reader.behind:
        body, rest = reader.feed(b"")
        parts.append(body)
    return b"".join(parts), rest


def misread(data: bytes, cuts: Sequence[int] = ()) -> list[str]:
    """Who reads what was passed on otherwise than it was meant."""
    passed = pass_on(data, cuts)
    whole = len(passed.onward) - (not passed.whole)
    found = [
        f"{name} reads {onward!r} as {seen}"
        for head, onward in zip(passed.heads[:whole], passed.onward[:whole], strict=True)
        for name in READERS
        if (seen := _misread(name, head, onward))
    ]
    if not passed.whole:
        found += [f"{name} takes {passed.onward[-1]!r} for whole" for name in READERS if _ends(name, passed.onward[-1])]
    return found


def _misread(name: str, head: Head, onward: bytes) -> object:
    """What `name` makes of a message with another behind it, if that is not what it should."""
    # Behind an upgrade there is no next message.
    after = b"" if head.upgrade else NEXT
    try:
        seen = READERS[name](onward + after)
    except Refused as error:
        return None if any(reason in str(error) for reason in STRICTER) else error
    meant = (head.method, head.target, head.host, READERS["h11"](onward)[0].body, bool(after))
    if not seen or (seen[0].method, seen[0].target, seen[0].host, seen[0].body, len(seen) == 2) != meant:
        return seen
    lines = onward[: onward.index(END)].split(b"\r\n")[1:]
    return None if [b"%b:%b" % line for line in seen[0].fields] == [_squeezed(line) for line in lines] else seen[0]


def _squeezed(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    value = value.strip(b" \t")
    return b"%b:%b" % (name.lower(), value.lower() if name.lower() == b"transfer-encoding" else value)


def _ends(name: str, onward: bytes) -> bool:
    try:
        return bool(READERS[name](onward))
    except Refused:
        return False


def pass_back(data: bytes) -> bytes | None:
    """What a client gets of one answer whose end is marked; None where it is not whole, or refused."""
    try:
        answer = answers.parse(data, QUESTION, preview=True)
        if answer is None or answer.status == 101:
            return None
        head = answer.compose(b"")
        reader = answer.reader(unwrap=False)
        body, rest = feed_all(reader, data[answer.end :])
    except (BadAnswer, BadBody):
        return None
    return None if rest is None or isinstance(reader, Endless) else head + body


def misread_answer(data: bytes) -> list[str]:
    """Who reads an answer that was passed on otherwise than the others."""
    onward = pass_back(data)
    if onward is None:
        return []
    seen: dict[str, tuple[Message, ...] | str] = {}
    for name, reader in ANSWER_READERS.items():
        try:
            seen[name] = tuple(reader(onward))
        except Refused as error:
            if not any(reason in str(error) for reason in STRICTER):
                seen[name] = str(error)
    return [f"{onward!r} is read as {seen}"] if len(set(seen.values())) > 1 or not all(seen.values()) else []
