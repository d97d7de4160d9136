"""Bytes on their way to the artifact store and back: hashed as they are, stored compressed."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing

import zstandard

from firefly.errors import Conflict, TooLarge

# What is handed to a thread at a time: smaller pieces are not worth the way there.
WORTH = 64 << 10
# Fast, and within a tenth of what takes five times as long.
LEVEL = 3
_LARGEST_PIECE = 1 << 20
# A few bytes may stand for very many: a block of 128 KiB may be four of them. So many are 32 MiB at most.
_STEP = 1 << 10


class Measured:
    """A body with what is known of it once it has gone through: its digest, and its size in bytes."""

    def __init__(self, body: AsyncIterable[bytes], *, limit: int) -> None:
        self._body = body
        self._limit = limit
        self._sha = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha.hexdigest()}"

    async def compressed(self) -> AsyncGenerator[bytes, None]:
        """Raises TooLarge beyond the limit, which counts the bytes before they are compressed."""
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()

        def take(piece: bytes) -> bytes:
            self._sha.update(piece)
            return compressor.compress(piece)

        async for piece in self._body:
            self.size += len(piece)
            if self.size > self._limit:
                raise TooLarge(f"The result has more than {self._limit / (1 << 30):.3g} GiB, the most that is kept.")
            made = take(piece) if len(piece) < WORTH else await asyncio.to_thread(take, piece)
            if made:
                yield made
        yield await asyncio.to_thread(compressor.flush)


async def decompressed(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """What was compressed. Raises Conflict for bytes that are not whole."""
    decompressor = zstandard.ZstdDecompressor().decompressobj(read_across_frames=False)
    try:
        async with aclosing(body):
            async for piece in body:
                at = 0
                while at < len(piece):
                    made, at = await asyncio.to_thread(_some, decompressor, piece, at)
                    for start in range(0, len(made), _LARGEST_PIECE):
                        yield made[start : start + _LARGEST_PIECE]
    except zstandard.ZstdError as error:
        raise Conflict(f"What is stored of the artifact is broken: {error}.") from error
    if not decompressor.eof:
        raise Conflict("What is stored of the artifact is not whole.")


def _some(decompressor: "zstandard.ZstdDecompressionObj", piece: bytes, at: int) -> tuple[bytes, int]:
    """What the next bytes of a piece stand for, as soon as that is worth handing on; and how far it was read."""
    made: list[bytes] = []
    size = 0
    while at < len(piece) and size < _LARGEST_PIECE:
        made.append(decompressor.decompress(piece[at : at + _STEP]))
        size += len(made[-1])
        at += _STEP
    return b"".join(made), at
