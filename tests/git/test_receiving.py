"""What a push asks for and what git answers, read on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import InvalidInput, TooLarge
from firefly.git import RefChange
from firefly.git.pktline import FLUSH, packet
from firefly.git.receiving import MOST_COMMANDS, CommandReader, ReportReader

OLD, NEW = "1" * 40, "2" * 40
MAIN = RefChange(ref="refs/heads/main", old=OLD, new=NEW)
SIDE = RefChange(ref="refs/heads/side", old="0" * 40, new=NEW)


def push(*changes: RefChange, capabilities: str = "report-status side-band-64k", pack: bytes = b"PACK....") -> bytes:
    lines = [f"{change.old} {change.new} {change.ref}".encode() for change in changes]
    if lines:
        lines[0] += b"\x00 " + capabilities.encode()
    return b"".join(packet(line) for line in lines) + FLUSH + pack


def answer(*lines: bytes, sideband: bool = True) -> bytes:
    report = b"".join(packet(line) for line in lines) + FLUSH
    return packet(b"\x02Resolving deltas\n") + packet(b"\x01" + report) + FLUSH if sideband else report


@given(st.integers(min_value=1, max_value=400))
def test_reads_the_commands_in_pieces_of_any_size(size: int) -> None:
    data = push(MAIN, SIDE)
    reader = CommandReader()
    for start in range(0, len(data), size):
        if not reader.done:
            reader.feed(data[start : start + size])

    assert reader.done
    assert reader.changes == [MAIN, SIDE]
    assert reader.sideband


def test_a_probe_is_done_and_names_nothing() -> None:
    reader = CommandReader()
    reader.feed(FLUSH)

    assert reader.done
    assert reader.changes == []


def test_a_shallow_push_names_its_refs_all_the_same() -> None:
    reader = CommandReader()
    reader.feed(packet(b"shallow " + OLD.encode()) + push(MAIN))

    assert reader.changes == [MAIN]


def test_signed_pushes_are_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="without --signed"):
        CommandReader().feed(packet(b"push-cert\x00 report-status"))


@pytest.mark.parametrize(
    "line", [b"hello", b"1 2 refs/heads/main", OLD.encode() + b" " + NEW.encode() + b" a b", b"x" * 60000]
)
def test_refuses_what_is_no_command(line: bytes) -> None:
    with pytest.raises(InvalidInput):
        CommandReader().feed(packet(line))


def test_refuses_more_refs_than_it_takes() -> None:
    reader = CommandReader()
    with pytest.raises(TooLarge):
        reader.feed(push(*[MAIN] * (MOST_COMMANDS + 1)))


def test_refuses_an_endless_packetless_head() -> None:
    ahead = b"".join(packet(b"shallow " + b"1" * 60_000) for _ in range(100))
    with pytest.raises(TooLarge):
        CommandReader().feed(ahead)


@pytest.mark.parametrize("sideband", [True, False])
def test_tells_what_was_accepted_from_what_was_not(sideband: bool) -> None:
    reader = ReportReader(sideband=sideband)
    reader.feed(
        answer(b"unpack ok\n", b"ok refs/heads/main\n", b"ng refs/heads/side hook declined\n", sideband=sideband)
    )

    assert reader.seen
    assert reader.accepted([MAIN, SIDE]) == [MAIN]


@given(st.integers(min_value=1, max_value=80))
def test_reads_the_report_in_pieces_of_any_size(size: int) -> None:
    data = answer(b"unpack ok\n", b"ok refs/heads/main\n", b"ok refs/heads/side\n")
    reader = ReportReader()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])

    assert reader.accepted([MAIN, SIDE]) == [MAIN, SIDE]


def test_skips_the_advertisement_of_a_raw_connection() -> None:
    reader = ReportReader(after_advertisement=True)
    reader.feed(packet(b"ok refs/heads/side\n") + FLUSH)
    reader.feed(answer(b"unpack ok\n", b"ok refs/heads/main\n"))

    assert reader.accepted([MAIN, SIDE]) == [MAIN]


def test_an_answer_that_is_no_report_accepts_nothing() -> None:
    reader = ReportReader()
    reader.feed(b"this is not git's protocol at all")

    assert not reader.seen
    assert reader.accepted([MAIN]) == []
