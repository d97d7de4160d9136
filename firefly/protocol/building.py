"""Messages of a build inside its sandbox: what is run and packed, and the frames in which bytes come back."""

import struct
from collections.abc import Iterator
from enum import IntEnum

from pydantic import Field

from firefly.protocol.model import Listed, Params, Result

# Of a frame: its kind, and the bytes of its content.
HEAD = struct.Struct(">BI")
LARGEST_FRAME = 1 << 20
# Paths of which it is told why they are left out.
MOST_TOLD = 10
# Folders within one another: what lies deeper is in no tree and no archive.
DEEPEST = 200


class FrameKind(IntEnum):
    """The last one is `END`, with JSON, or `FAILED`, with a sentence. `ALIVE` is empty: somebody is still there."""

    ALIVE = 0
    OUT = 1
    ERR = 2
    END = 3
    FAILED = 4


class RunParams(Params):
    """A line for the shell, with variables beside those that the sandbox has."""

    command: str = Field(min_length=1)
    env: dict[str, str] = Field(default_factory=dict)


class PackParams(Params):
    """`folder` is packed alone: as if it were everything, or `in_place`, by its path in the workspace.

    `without` are paths that are left out. `pages`: nothing runs there, so links out of the folder are left out, also
    those into the system. `ends`: what commands left running is ended first.
    """

    folder: str = ""
    in_place: bool = False
    without: list[str] = Field(default_factory=list, max_length=100)
    pages: bool = False
    ends: bool = True


class Ended(Result):
    """How a command ended: its exit status, negative for a signal."""

    exit_code: int = Field(ge=-255, le=255)


class Packed(Result):
    """`left_out` has the first few paths of what is not in the archive, and why."""

    files: int
    left_out: Listed[str] = Field(default_factory=list)


class Filled(Result):
    """`refused` has the first few paths that were not made, and why."""

    files: int
    refused: Listed[str] = Field(default_factory=list)


def frame(kind: FrameKind, content: bytes = b"") -> bytes:
    return HEAD.pack(kind, len(content)) + content


class Frames:
    """Cuts a stream into frames, wherever it was cut before."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[FrameKind, bytes]]:
        """Raises ValueError for what is no frame."""
        self._data += data
        at = 0
        while len(self._data) - at >= HEAD.size:
            kind, length = HEAD.unpack_from(self._data, at)
            if length > LARGEST_FRAME:
                raise ValueError("a frame is too large")
            end = at + HEAD.size + length
            if len(self._data) < end:
                break
            yield FrameKind(kind), bytes(self._data[at + HEAD.size : end])
            at = end
        del self._data[:at]
