"""Durations and sizes."""

import pytest

from firefly.protocol.quantities import byte_count, seconds


@pytest.mark.parametrize(
    ("text", "value"), [("100ms", 0.1), ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1.5 s", 1.5), (5, 5)]
)
def test_durations(text: object, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("1g", 1 << 30), ("512m", 512 << 20), ("4K", 4096), ("1.5k", 1536), ("2GiB", 2 << 30), (10, 10)]
)
def test_sizes(text: object, value: int) -> None:
    assert byte_count(text) == value


@pytest.mark.parametrize("text", ["", "s", "-1s", "1w", True, None, "1e3s"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        seconds(text)


@pytest.mark.parametrize("text", ["", "g", "-1g", "1x", False, None])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValueError, match="a size is"):
        byte_count(text)
