"""Messages of the terminal service; what is typed and printed goes in binary frames of kind TERMINAL."""

from datetime import datetime

from pydantic import Field

from firefly.protocol.model import Params, Result


class OpenParams(Params):
    """`cwd` is a path in the workspace; "" is its root."""

    cols: int = Field(default=80, ge=2, le=1000)
    rows: int = Field(default=24, ge=2, le=1000)
    cwd: str = ""


class TerminalParams(Params):
    id: str


class ResizeParams(Params):
    id: str
    cols: int = Field(ge=2, le=1000)
    rows: int = Field(ge=2, le=1000)


class Opened(Result):
    """`channel` is good for this connection only."""

    id: str
    channel: int


class TerminalInfo(Result):
    """`code` is the exit status of a shell that has ended; its output can still be attached to."""

    id: str
    cols: int
    rows: int
    opened: datetime
    member: str
    running: bool
    code: int | None = None


class TerminalList(Result):
    terminals: list[TerminalInfo]


class Exited(Result):
    """Notification terminal.exited; a negative code is a signal."""

    id: str
    code: int
