"""What builds and sites print, as the API shows it."""

from typing import Literal

from pydantic import Field

from .base import LARGEST, Output, Query


class LogLine(Output):
    """`n` counts from 1, `at` is in ms since the build's start, `text` may hold colours (ANSI)."""

    n: int
    at: int
    step: int
    stream: Literal["out", "err", "firefly"]
    text: str


class LogPage(Output):
    """`cursor`: pass it as `after` for what follows; null: that is all there is until now."""

    lines: list[LogLine]
    cursor: int | None


class SiteLogQuery(Query):
    after: int = Field(0, ge=0, le=LARGEST, description="Only lines behind this one.")
    limit: int = Field(1000, ge=1, le=10_000, description="Lines on a page.")


class LogQuery(SiteLogQuery):
    tail: int | None = Field(
        None, ge=1, le=100_000, description="Instead of `after`: begin so many lines before the end."
    )
    step: int | None = Field(None, ge=0, description="Only lines of the step at this position.")
    search: str = Field("", max_length=200, description="Only lines that hold this text, whatever its case.")
    download: Literal["text", "ansi"] | None = Field(None, description="All of it as a file, without or with colours.")
