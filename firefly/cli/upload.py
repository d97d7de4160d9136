"""Files on their way to the server, in pieces."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

PIECE = 1 << 18


async def read_pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
