"""Body framing: where a body ends, counted or in chunks, without ever holding more than a line of it."""

import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from .heads import CHUNKED, FIELD_LINE

LONGEST_LINE = 4096
LONGEST_TRAILER = 16 * 1024
# Steps through chunks in one turn of the loop: some hundred microseconds.
AT_ONCE = 512
# Of all extensions of one body (RFC 9112, 7.1.1: to be limited); each is looked at by itself.
LONGEST_EXTENSIONS = 16 * 1024

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15}+)(;[\t\x20-\x7e\x80-\xff]*+)?\r\n")
_SIZE_SO_FAR = re.compile(rb"[0-9A-Fa-f]{1,15}+(?:;[\t\x20-\x7e\x80-\xff]*+)?\r?")
# A run of whole chunks below 16 bytes, which would cost more than their bytes if each was looked at by itself.
_SMALL = re.compile(
    rb"(?>(?:0{0,8}+(?:"
    + b"|".join(rb"[%x%X]\r\n[\x00-\xff]{%d}" % (size, size, size) for size in range(1, 16))
    + rb")\r\n){0,4096})"
)
# One of them, with its bytes as the only group that takes part.
_ONE_SMALL = re.compile(
    b"|".join(rb"0{0,8}+[%x%X]\r\n([\x00-\xff]{%d})\r\n" % (size, size, size) for size in range(1, 16))
)
_TRAILER = re.compile(rb"((?>(?:" + FIELD_LINE + rb"){0,127}))\r\n")
_TRAILER_SO_FAR = re.compile(
    rb"(?>(?:" + FIELD_LINE + rb"){0,127})(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++(?::[\t\x20-\x7e\x80-\xff]*+)?)?\r?"
)
# Fields that frame, route, authenticate, modify or control have no place in a trailer (RFC 9110, 6.5.1).
_FORBIDDEN = re.compile(
    rb"(?im)^(?:age|authorization|baggage|cache-control|connection|content-[^:]*|cookie|date|expect|expires|forwarded|host"
    rb"|if-[^:]*|keep-alive|location|max-forwards|origin|pragma|proxy-[^:]*|range|retry-after|sec-[^:]*|set-cookie"
    rb"|strict-transport-security|te|trailer|transfer-encoding|upgrade|vary|warning|www-authenticate"
    rb"|x-firefly[^:]*|x-forwarded[^:]*|x-frame-options|x-mayfly[^:]*|x-real-ip|x-request-id):[^\r]*\r\n"
)


class BadBody(Exception):
    """A body that is not framed as it should be."""


class Reader(Protocol):
    """Follows one body. `feed` returns what of it to forward, and, once it has ended, what came after it."""

    @property
    def behind(self) -> bool:
        """Whether it has more to look at, for which others should have their turn first: then `feed` nothing."""

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Raises BadBody."""


class Counted:
    """A body of known length."""

    __slots__ = ("left",)
    behind = False

    def __init__(self, length: int) -> None:
        self.left = length

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        size = len(data)
        if size < self.left:
            self.left -= size
            return data, None
        body, rest = (data, b"") if size == self.left else (data[: self.left], data[self.left :])
        self.left = 0
        return body, rest


class Endless:
    """A body that ends when its connection does."""

    __slots__ = ()
    behind = False

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        return data, None


class Chunked:
    """A body in chunks, forwarded with the same chunks but without their extensions.

    With `unwrap` the framing is taken off, for receivers that speak HTTP/1.0.
    """

    __slots__ = ("_extended", "_held", "_left", "_step", "_unwrap", "behind")

    def __init__(self, *, unwrap: bool = False) -> None:
        self._left = 0
        self._extended = 0
        self._held = b""
        self.behind = False
        # Plain functions, not bound methods: an object that refers to itself waits for the garbage collector.
        self._step: _Step = Chunked._size
        self._unwrap = unwrap

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        if len(data) < self._left and not self._held:
            self._left -= len(data)
            return data, None
        data = self._held + data if self._held else data
        self._held, self.behind = b"", False
        out: list[bytes] = []
        position = 0
        for _ in range(AT_ONCE):
            if position == len(data):
                break
            after = self._data(data, position, out) if self._left else self._step(self, data, position, out)
            if after < 0:
                return b"".join(out), data[~after:]
            if after == position:
                self._held = data[position:]
                break
            position = after
        else:
            self._held, self.behind = data[position:], position < len(data)
        return b"".join(out), None

    def _data(self, data: bytes, position: int, out: list[bytes]) -> int:
        part = data[position : position + self._left]
        self._left -= len(part)
        out.append(part)
        return position + len(part)

    def _size(self, data: bytes, position: int, out: list[bytes]) -> int:
        small = _SMALL.match(data, position)
        if small is not None and small.end() > position:
            out.append(_bytes_of(small[0]) if self._unwrap else small[0])
            return small.end()
        found = _SIZE.match(data, position)
        if (found.end() if found else len(data)) - position > LONGEST_LINE:
            raise BadBody("A chunk's extensions are too long.")
        if found is None:
            if not _SIZE_SO_FAR.fullmatch(data, position):
                raise BadBody("A chunk does not begin with its size.")
            return position
        if found[2]:
            self._extended += len(found[2])
            if self._extended > LONGEST_EXTENSIONS:
                raise BadBody("The extensions of the chunks are too long.")
        self._left = int(found[1], 16)
        if self._left:
            self._step = Chunked._end_of_data
        else:
            self._step = Chunked._trailer
        if not self._unwrap and self._left:
            out.append(found[1] + b"\r\n")
        return found.end()

    def _end_of_data(self, data: bytes, position: int, out: list[bytes]) -> int:
        if not b"\r\n".startswith(data[position : position + 2]):
            raise BadBody("A chunk is longer than its size.")
        if len(data) - position < 2:
            return position
        self._step = Chunked._size
        if not self._unwrap:
            out.append(b"\r\n")
        return position + 2

    def _trailer(self, data: bytes, position: int, out: list[bytes]) -> int:
        """The position after the trailer, as its complement: the body has ended."""
        found = _TRAILER.match(data, position)
        if (found.end() if found else len(data)) - position > LONGEST_TRAILER:
            raise BadBody("A trailer is too long.")
        if found is None:
            if not _TRAILER_SO_FAR.fullmatch(data, position):
                raise BadBody("A trailer is malformed.")
            return position
        if not self._unwrap:
            out.append(b"0\r\n" + _FORBIDDEN.sub(b"", found[1]) + b"\r\n")
        return ~found.end()


def _bytes_of(small: bytes) -> bytes:
    """What a run of small chunks holds, without their framing."""
    return b"".join([found[found.lastindex or 0] for found in _ONE_SMALL.finditer(small)])


_Step: TypeAlias = Callable[[Chunked, bytes, int, list[bytes]], int]


def request_reader(length: int) -> Reader:
    return Chunked() if length == CHUNKED else Counted(length)
