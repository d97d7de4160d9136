"""How lines are stored: pieces, each the compressed lines that came at about the same time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import zstandard

Stream = Literal["out", "err", "firefly"]
LARGEST = 256 << 10
MOST_LINES = 16 << 10
_LEVEL = 3
# Beyond any piece that was written; what claims more is no piece.
_LARGEST_READ = 64 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one stream of one step that came at once, joined by line ends. `at`: ms since the build's start."""

    at: int
    step: int
    stream: Stream
    lines: int
    text: bytes

    @classmethod
    def of(cls, at: int, step: int, stream: Stream, text: bytes) -> "Block":
        return cls(at, step, stream, text.count(b"\n") + 1, text)


@dataclass(frozen=True, slots=True)
class Piece:
    """Numbered from `first_line` on. `size` is that of the text, `data` compressed."""

    first_line: int
    lines: int
    size: int
    data: bytes

    @property
    def next_line(self) -> int:
        return self.first_line + self.lines


@dataclass(frozen=True, slots=True)
class Line:
    """`n` counts from 1 over the whole build."""

    n: int
    at: int
    step: int
    stream: Stream
    text: str


def pack(blocks: Sequence[Block]) -> bytes:
    head = json.dumps([(block.at, block.step, block.stream, block.lines, len(block.text)) for block in blocks])
    return zstandard.compress(b"\n".join([head.encode(), b"".join(block.text for block in blocks)]), _LEVEL)


def unpack(data: bytes) -> list[Block]:
    head, _, texts = zstandard.decompress(data, max_output_size=_LARGEST_READ).partition(b"\n")
    blocks, at = [], 0
    for when, step, stream, lines, length in json.loads(head):
        blocks.append(Block(when, step, stream, lines, texts[at : at + length]))
        at += length
    return blocks


def lines_of(piece: Piece) -> Iterator[Line]:
    number = piece.first_line
    for block in unpack(piece.data):
        for text in block.text.decode(errors="replace").split("\n"):
            yield Line(number, block.at, block.step, block.stream, text)
            number += 1


def batches(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """As many at a time as go into one piece."""
    begun: list[Block] = []
    size = lines = 0
    for block in blocks:
        begun.append(block)
        size, lines = size + len(block.text), lines + block.lines
        if size >= LARGEST or lines >= MOST_LINES:
            yield begun
            begun, size, lines = [], 0, 0
    if begun:
        yield begun
