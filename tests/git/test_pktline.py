"""pkt-lines: whole packets, however the bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import InvalidInput
from firefly.git.pktline import FLUSH, PacketReader, packet, remote_message

payloads = st.lists(st.none() | st.binary(min_size=1, max_size=300), max_size=12)


def frame(payload: bytes | None) -> bytes:
    return FLUSH if payload is None else packet(payload)


@given(payloads, st.integers(min_value=1, max_value=64))
def test_reads_what_was_framed_in_pieces_of_any_size(expected: list[bytes | None], size: int) -> None:
    data = b"".join(frame(payload) for payload in expected)
    reader = PacketReader()
    found = [got for start in range(0, len(data), size) for got in reader.feed(data[start : start + size])]

    assert found == expected
    assert reader.rest() == b""


@pytest.mark.parametrize(
    "data", [b"zzzz", b"0x1f....", b"+004", b"0001", b"0003", b"fff1", b"ffff", b"GET / HTTP", b" 1f0"]
)
def test_refuses_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        list(PacketReader().feed(data))


@given(st.binary(max_size=200))
def test_never_fails_in_another_way(data: bytes) -> None:
    try:
        packets = list(PacketReader().feed(data))
    except InvalidInput:
        return
    assert all(payload is None or len(payload) <= len(data) for payload in packets)


def test_a_message_for_the_pusher_is_one_packet_of_the_progress_band() -> None:
    assert list(PacketReader().feed(remote_message("workspace updated"))) == [b"\x02workspace updated\n"]


def test_a_long_message_still_fits_a_packet() -> None:
    (payload,) = PacketReader().feed(remote_message("x" * 100_000))

    assert payload is not None
    assert len(payload) + 4 <= 65520
