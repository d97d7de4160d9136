"""Binary frames: one byte of kind, four of channel (big endian), then the payload."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from firefly.errors import InvalidInput

_HEAD = struct.Struct("!BI")
HEAD_SIZE = _HEAD.size


class FrameKind(IntEnum):
    TERMINAL = 0x01


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    channel: int
    payload: bytes


def encode(kind: int, channel: int, payload: bytes) -> bytes:
    return _HEAD.pack(kind, channel) + payload


def decode(data: bytes) -> Frame:
    """Raises InvalidInput for a frame that is too short; kinds are not judged here, later versions have more."""
    if len(data) < HEAD_SIZE:
        raise InvalidInput(f"A binary frame has at least {HEAD_SIZE} bytes; this one has {len(data)}.")
    kind, channel = _HEAD.unpack_from(data)
    return Frame(kind, channel, data[HEAD_SIZE:])
