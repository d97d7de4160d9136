"""Durations and sizes as people write them: 100ms, 30s, 10m, 2h, 1d; 512k, 100m, 1g, or a plain number."""

import re
from typing import Annotated

from pydantic import BeforeValidator

_DURATION = re.compile(r"(\d{1,12}(?:\.\d+)?) *(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d+)?) *([kmgt]?)i?b?", re.IGNORECASE)
_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def seconds(value: object) -> float:
    """Raises ValueError for what is no duration."""
    found = _DURATION.fullmatch(_text(value))
    if found is None:
        raise ValueError("a duration is a number with ms, s, m, h or d, such as 30s")
    return float(found[1]) * _SECONDS[found[2]]


def byte_count(value: object) -> int:
    """Raises ValueError for what is no size."""
    found = _SIZE.fullmatch(_text(value))
    if found is None:
        raise ValueError("a size is a number with k, m, g or t, such as 512m")
    return int(float(found[1]) * _BYTES[found[2].lower()])


def _text(value: object) -> str:
    return "" if isinstance(value, bool) else str(value).strip()


Duration = Annotated[float, BeforeValidator(seconds)]
Size = Annotated[int, BeforeValidator(byte_count)]
