"""Logs as Server-Sent Events: made once for all who watch, a piece at a time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring

from ..model import Step
from .pieces import Line, Piece
from .reading import read

BEAT = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Lines `first` to `last` as one event."""

    first: int
    last: int
    data: bytes


def encode_pieces(pieces: Sequence[Piece], after: int) -> list[Encoded]:
    """An event for each, of its lines behind line `after`."""
    found = []
    for piece in pieces:
        if lines := list(read([piece], after)):
            found.append(encode_lines(lines))
            after = lines[-1].n
    return found


def encode_lines(lines: Sequence[Line]) -> Encoded:
    """At least one."""
    return Encoded(lines[0].n, lines[-1].n, _event("lines", _lines(lines), lines[-1].n))


def _lines(lines: Sequence[Line]) -> str:
    # By hand: `json.dumps` of as many objects takes three times as long.
    told = (
        f'{{"n":{line.n},"at":{line.at},"step":{line.step},"stream":"{line.stream}","text":{encode_basestring(line.text)}}}'
        for line in lines
    )
    return f"[{','.join(told)}]"


def encode_step(step: Step) -> bytes:
    told = {
        "position": step.position, "name": step.name, "command": step.command, "state": step.state.value,
        "reason": step.reason, "exit_code": step.exit_code, "started_at": step.started_at.isoformat(),
        "ended_at": step.ended_at and step.ended_at.isoformat(),
    }  # fmt: skip
    return _event("step", json.dumps(told))


def encode_end(state: str) -> bytes:
    return _event("end", json.dumps({"state": state}))


def _event(kind: str, data: str, id: int | None = None) -> bytes:
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {kind}\ndata: {data}\n\n".encode()
