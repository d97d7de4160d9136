"""What passes between a program inside and the server that runs an image of its project's beside it.

A line of JSON, then frames: a letter, four bytes of length, and so many of content. Standard library only: runs inside.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

SOCKET = "image.sock"
# The program, as shells find it.
COMMAND = "firefly-image"
OUTPUT, ERRORS, END = b"o", b"e", b"x"
HEAD = struct.Struct(">cI")
LONGEST_WISH, LONGEST_FRAME = 1 << 20, 1 << 20


@dataclass(frozen=True)
class Wish:
    """`command` is a line for a shell, empty for what the image says; with `workspace` it runs in the project's files.

    `since`: it runs already, and this is when something of it was seen last, in seconds since 1970.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    workspace: bool = False
    since: float | None = None

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Wish":
        """Raises ValueError."""
        try:
            found = json.loads(line)
            environment = {str(name): str(value) for name, value in found["environment"].items()}
            since = found["since"]
            return cls(environment, str(found["command"]), bool(found["workspace"]), since and float(since))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no wish: {error}") from error


@dataclass(frozen=True)
class End:
    """`code` is as of a shell: 128 and the number of a signal. `reason` is a sentence, or empty."""

    code: int
    reason: str = ""

    def frame(self) -> bytes:
        return frame(END, json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, content: bytes) -> "End":
        return cls(**json.loads(content))


def frame(kind: bytes, content: bytes) -> bytes:
    return HEAD.pack(kind, len(content)) + content
