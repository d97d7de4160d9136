"""From what was printed to pieces of a log. Nothing here waits, so it may be done in a thread."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..model import Step, StepState
from .lines import Lines
from .masking import Masks
from .pieces import Block, Piece, Stream, batches, pack

# Of what a step printed last, what is kept for whoever asks.
TAIL = 64 << 10
STREAMS: tuple[Stream, ...] = ("out", "err", "firefly")


class Cutting:
    """What cuts the streams of one step into lines."""

    def __init__(self, position: int, masks: Masks) -> None:
        self.position = position
        self.streams: dict[Stream, Lines] = {stream: Lines(masks) for stream in STREAMS}


@dataclass(slots=True)
class Printed:
    """Output of a step as it came."""

    at: int
    cutting: Cutting
    stream: Stream
    data: bytearray


@dataclass(frozen=True, slots=True)
class Changed:
    """A step has begun or ended."""

    at: int
    cutting: Cutting
    step: Step


@dataclass
class Tail:
    """What the step that was begun last printed last."""

    kept: deque[bytes] = field(default_factory=deque)
    size: int = 0

    @property
    def text(self) -> str:
        return b"\n".join(self.kept).decode(errors="replace")

    def begin(self) -> None:
        self.size = 0
        self.kept.clear()

    def add(self, block: Block) -> None:
        self.kept.append(block.text[-TAIL:])
        self.size += len(self.kept[-1])
        while self.size - len(self.kept[0]) >= TAIL:
            self.size -= len(self.kept.popleft())


class Making:
    """`tail` grows along."""

    def __init__(self) -> None:
        self.tail = Tail()

    def make(self, taken: Sequence[Printed | Changed]) -> list[Piece | Step]:
        """In the order in which it happened; the numbers of lines are still to be given."""
        made: list[Piece | Step] = []
        blocks: list[Block] = []
        for one in taken:
            blocks += _blocks(one)
            if isinstance(one, Changed):
                made += [*self._pieces(blocks), one.step]
                blocks = []
                if one.step.state is StepState.RUNNING:
                    self.tail.begin()
        return [*made, *self._pieces(blocks)]

    def begun(self, at: int, cutting: Cutting) -> list[Piece]:
        """The lines that have begun and may be shown."""
        texts = [(stream, lines.pause()) for stream, lines in cutting.streams.items()]
        return self._pieces(list(_as_blocks(at, cutting, texts)))

    def _pieces(self, blocks: Sequence[Block]) -> list[Piece]:
        for block in blocks:
            self.tail.add(block)
        return [_piece(batch) for batch in batches(blocks)]


def _blocks(one: Printed | Changed) -> Iterator[Block]:
    if isinstance(one, Printed):
        texts = [(one.stream, one.cutting.streams[one.stream].feed(bytes(one.data)))]
    elif one.step.state is StepState.RUNNING:
        return
    else:
        texts = [(stream, lines.end()) for stream, lines in one.cutting.streams.items()]
    yield from _as_blocks(one.at, one.cutting, texts)


def _as_blocks(at: int, cutting: Cutting, texts: Iterable[tuple[Stream, bytes | None]]) -> Iterator[Block]:
    return (Block.of(at, cutting.position, stream, text) for stream, text in texts if text is not None)


def _piece(blocks: Sequence[Block]) -> Piece:
    size = sum(len(block.text) + 1 for block in blocks)
    return Piece(0, sum(block.lines for block in blocks), size, pack(blocks))
