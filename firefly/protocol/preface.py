"""The line that begins a connection to a bridge over a network, and the line that answers it.

`firefly/1 <token> <verb> [<argument>]\\n`; then `ok\\n`, and the connection is what was asked for, or
`error <kind> <sentence>\\n`, and it ends.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from firefly.errors import InvalidInput

LONGEST_LINE = 512
OK = b"ok\n"
GO = b"go\n"
"""What a bridge says on a connection that waits for a program inside, once one has come."""

_LINE = re.compile(r"firefly/1 ([0-9a-f]{32,128}) ([a-z]{1,16})(?: ([a-z0-9.-]{1,64}))?")


class Verb(StrEnum):
    """`bridge`: its HTTP server. `port`: a port on the sandbox's loopback. `gateway`: wait for a program inside."""

    BRIDGE = "bridge"
    PORT = "port"
    GATEWAY = "gateway"


class Refusal(StrEnum):
    """Why a bridge answers `error`."""

    DENIED = "denied"
    INVALID = "invalid"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Preface:
    """`argument` is the port, or the name of the gateway's socket that programs inside connect to."""

    token: str = field(repr=False)
    verb: Verb
    argument: str = ""

    def line(self) -> bytes:
        return " ".join(filter(None, ("firefly/1", self.token, self.verb, self.argument))).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Raises InvalidInput."""
        found = _LINE.fullmatch(line.decode("ascii", errors="replace").removesuffix("\n"))
        if found is None or found[2] not in Verb.__members__.values():
            raise InvalidInput("This is not how a connection to a bridge begins.")
        return cls(found[1], Verb(found[2]), found[3] or "")


def refusal(kind: Refusal, sentence: str) -> bytes:
    return f"error {kind} {sentence}\n".encode()[:LONGEST_LINE]


def parse_answer(line: bytes) -> tuple[Refusal | None, str]:
    """Why it was refused, with a sentence; None where it was not. Raises InvalidInput."""
    if line == OK:
        return None, ""
    word, _, rest = line.decode(errors="replace").rstrip("\n").partition(" ")
    kind, _, sentence = rest.partition(" ")
    if word != "error" or kind not in Refusal.__members__.values():
        raise InvalidInput("What answers there is no bridge.")
    return Refusal(kind), sentence
