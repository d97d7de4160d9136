"""The ring of output lines."""

import pytest

from firefly.bridge.output import LONGEST_LINE, MOST_CHARACTERS, MOST_LINES, Output
from firefly.clock import SystemClock
from firefly.protocol.application import Stream


@pytest.fixture
def output() -> Output:
    return Output(SystemClock())


async def test_lines_are_numbered_and_partial_ones_wait(output: Output) -> None:
    await output.feed(Stream.OUT, b"one\r\ntw")
    await output.feed(Stream.ERR, b"error\n")
    await output.feed(Stream.OUT, "o ü".encode()[:-1])
    await output.feed(Stream.OUT, "ü".encode()[-1:] + b"\nlast")
    assert [(line.seq, line.stream, line.text) for line in output.after(None)] == [
        (1, Stream.OUT, "one"),
        (2, Stream.ERR, "error"),
        (3, Stream.OUT, "two ü"),
    ]
    output.flush()
    assert output.tail(1) == ["last"]


async def test_after_a_number_only_newer_lines(output: Output) -> None:
    output.say("a\nb\nc")
    assert [line.text for line in output.after(1)] == ["b", "c"]
    assert [line.text for line in output.after(1, limit=1)] == ["b"]
    assert output.after(3) == []


async def test_a_number_from_an_earlier_life_starts_anew(output: Output) -> None:
    output.say("a")
    assert [line.text for line in output.after(900)] == ["a"]


async def test_of_a_progress_bar_the_last_state_is_kept(output: Output) -> None:
    await output.feed(Stream.OUT, b"10%\r50%\r100%\n")
    assert output.tail(1) == ["100%"]


async def test_the_ring_is_bounded_in_lines_and_characters(output: Output) -> None:
    for number in range(MOST_LINES + 10):
        output.say(str(number))
    assert len(output.after(None)) == MOST_LINES
    assert output.after(None)[0].seq == 11
    for _ in range(400):
        output.say("x" * LONGEST_LINE)
    assert sum(len(line.text) for line in output.after(None)) <= MOST_CHARACTERS
    assert output.after(None)[-1].seq == output.last


async def test_endless_lines_are_cut(output: Output) -> None:
    await output.feed(Stream.OUT, b"x" * (LONGEST_LINE * 2 + 5))
    output.flush()
    assert [len(line.text) for line in output.after(None)] == [LONGEST_LINE, LONGEST_LINE, 5]


async def test_a_flood_is_counted_and_left_out(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.bridge.output.time.monotonic", lambda: 5.0)
    for _ in range(100):
        await output.feed(Stream.OUT, b"x" * 63 + b"\n" * 1 + b"y" * 65_471 + b"\n")
    monkeypatch.setattr("firefly.bridge.output.time.monotonic", lambda: 6.0)
    await output.feed(Stream.OUT, b"calm again\n")
    texts = [line.text for line in output.after(None)]
    assert len(texts) < 200
    assert any("MB of output left out" in text for text in texts)
    assert texts[-1] == "calm again"


def test_who_followed_an_earlier_life_gets_everything_of_this_one() -> None:
    """Else as many lines as the earlier life had printed would be lost on a reconnect."""
    earlier, later = Output(SystemClock(), before=1000), Output(SystemClock(), before=2000)
    for number in range(5):
        earlier.say(f"earlier {number}")
    for number in range(8):
        later.say(f"later {number}")
    assert [line.text for line in later.after(earlier.last)] == [f"later {number}" for number in range(8)]
    assert [line.seq for line in later.after(2006)] == [2007, 2008]
