"""Binary frames are what the protocol page says, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.protocol.frames import HEAD_SIZE, Frame, FrameKind, decode, encode


def test_layout() -> None:
    assert encode(FrameKind.TERMINAL, 258, b"ls") == b"\x01\x00\x00\x01\x02ls"


@given(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_decode_is_the_inverse_of_encode(kind: int, channel: int, payload: bytes) -> None:
    assert decode(encode(kind, channel, payload)) == Frame(kind, channel, payload)


@given(st.binary(max_size=HEAD_SIZE - 1))
def test_a_frame_too_short_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="at least 5 bytes"):
        decode(data)
