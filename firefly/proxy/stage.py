"""What a client connection is doing."""

from enum import Enum, auto
from typing import Final


class Stage(Enum):
    IDLE = auto()
    """Between requests, or in the middle of a head."""
    QUEUED = auto()
    """Something of a head has come, and waits for its turn to be read."""
    HELD = auto()
    """A head was read; gate or target are waited for."""
    SENT = auto()
    """The request is with a target."""
    LINGER = auto()
    """The last answer is given; what still comes is thrown away."""
    GONE = auto()


# Every request asks for these, and looking a member up in its class costs several times as much.
IDLE: Final = Stage.IDLE
HELD: Final = Stage.HELD
SENT: Final = Stage.SENT

# What a client that sends no more may still be answered in.
ANSWERING: Final = frozenset({Stage.QUEUED, Stage.HELD, Stage.SENT})
