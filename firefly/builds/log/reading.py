"""Logs as they are stored: page by page, searched, or as one text."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from ...protocol.ansi import plain
from .pieces import LARGEST, Line, Piece, lines_of
from .records import LARGEST_READ, LogRecords

# Bytes of text that one search looks through; it says where to go on.
MOST_SEARCHED = 32 << 20
# Characters of the lines of a page, which may be long ones.
LARGEST_PAGE = 2 << 20


@dataclass(frozen=True, slots=True)
class LogPage:
    """`cursor`: what to begin after for what follows; None: that was all there is until now."""

    lines: Sequence[Line]
    cursor: int | None


class Reading:
    def __init__(self, records: LogRecords) -> None:
        self._records = records

    async def page(
        self, build_id: UUID, *, after: int = 0, limit: int = 1000, step: int | None = None, search: str = ""
    ) -> LogPage:
        """Lines behind line `after`: of one step, or with a text in them, whatever its case and colours."""
        found: list[Line] = []
        looked_at, size = 0, LARGEST_READ if search or step is not None else LARGEST
        while not _is_full(found, limit) and looked_at < MOST_SEARCHED:
            pieces = await self._records.pieces(build_id, after + 1, size=size)
            if not pieces:
                return LogPage(found, None)
            found += await asyncio.to_thread(_matching, pieces, after, step, search)
            after = pieces[-1].next_line - 1
            looked_at += sum(piece.size for piece in pieces)
        page = _page_of(found, limit)
        return LogPage(page, page[-1].n if len(page) < len(found) else after)

    async def before_end(self, build_id: UUID, lines: int) -> int:
        """The line after which the last `lines` of them come."""
        return max(0, await self._records.end(build_id) - 1 - lines)

    async def text(self, build_id: UUID, *, colours: bool) -> AsyncGenerator[bytes, None]:
        """All of it, a part at a time."""
        after = 0
        while pieces := await self._records.pieces(build_id, after + 1):
            yield await asyncio.to_thread(_text, pieces, after, colours)
            after = pieces[-1].next_line - 1


def read(pieces: Sequence[Piece], after: int) -> Iterator[Line]:
    """Their lines behind line `after`. Where some are missing one says so, numbered as the last of them."""
    for piece in pieces:
        lines = lines_of(piece)
        if (missing := piece.first_line - after - 1) > 0:
            first = next(lines)
            text = f"… {missing:,} lines are not kept: the log is too long, or could not be stored."
            yield Line(first.n - 1, first.at, first.step, "firefly", text)
            yield first
        yield from (line for line in lines if line.n > after)
        after = piece.next_line - 1


def _is_full(lines: Sequence[Line], limit: int) -> bool:
    return len(lines) > limit or sum(len(line.text) for line in lines) > LARGEST_PAGE


def _page_of(lines: Sequence[Line], limit: int) -> Sequence[Line]:
    """The first of them, as many as go on a page: one at least."""
    size = 0
    for number, line in enumerate(lines[:limit]):
        size += len(line.text)
        if number and size > LARGEST_PAGE:
            return lines[:number]
    return lines[:limit]


def _matching(pieces: Sequence[Piece], after: int, step: int | None, search: str) -> list[Line]:
    wanted = search.casefold()
    return [
        line
        for line in read(pieces, after)
        if (step is None or line.step == step) and (not wanted or wanted in plain(line.text).casefold())
    ]


def _text(pieces: Sequence[Piece], after: int, colours: bool) -> bytes:
    text = "".join(f"{line.text}\n" for line in read(pieces, after))
    return (text if colours else plain(text)).encode()
