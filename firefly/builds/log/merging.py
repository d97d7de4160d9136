"""What came piece by piece, put together once a log is closed: thousands of rows are dear to read and to keep."""

from collections.abc import Iterator, Sequence

from ..model import Hold
from .pieces import LARGEST, Piece, pack, unpack
from .records import LogRecords

# Fewer are left as they are.
FEW = 32


async def merge(records: LogRecords, hold: Hold) -> None:
    """Numbers of lines stay as they are, with what is missing between them. Raises HoldLost."""
    line = 1
    while pieces := await records.pieces(hold.build_id, line):
        for group in _groups(pieces):
            if len(group) > 1:
                await records.merge(hold, group, _merged(group))
        line = pieces[-1].next_line


def _groups(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Those that follow one another without a gap, as many as go into one."""
    begun: list[Piece] = []
    for piece in pieces:
        fits = sum(one.size for one in begun) + piece.size <= LARGEST
        if begun and not (fits and begun[-1].next_line == piece.first_line):
            yield begun
            begun = []
        begun.append(piece)
    if begun:
        yield begun


def _merged(pieces: Sequence[Piece]) -> Piece:
    blocks = [block for piece in pieces for block in unpack(piece.data)]
    return Piece(
        pieces[0].first_line, sum(piece.lines for piece in pieces), sum(piece.size for piece in pieces), pack(blocks)
    )
