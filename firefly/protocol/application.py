"""Messages of the application service: what runs, how it was found, what it prints."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from firefly.protocol.model import Listed, Params, Result

# What to do about an application that is not found where it was expected.
LISTEN = "It has to listen on $PORT; or give the port that it opens as `port` in firefly.yml."


class State(StrEnum):
    STOPPED = "stopped"
    INSTALLING = "installing"
    STARTING = "starting"
    RUNNING = "running"
    CRASHED = "crashed"
    WAITING = "waiting"


class ApplicationKind(StrEnum):
    SERVER = "server"
    STATIC = "static"
    SCRIPT = "script"
    NONE = "none"


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Step(Result):
    """One command on the way to a running application."""

    name: str
    command: str
    state: StepState
    started: datetime | None = None
    finished: datetime | None = None


class ApplicationStatus(Result):
    """Also the notification application.changed.

    `port` is the one to dial for the preview; `found_by` says why this command; `notes` holds what is worth knowing
    (keys of firefly.yml that do not count here). `reason` is a sentence for people. `stalled`: what is starting does
    nothing any more, and listens nowhere that could be shown.
    """

    state: State
    kind: ApplicationKind
    command: str | None
    port: int = Field(ge=0, le=65535)
    reason: str
    since: datetime
    exit_code: int | None = None
    restarts: int = 0
    stalled: bool = False
    found_by: str = ""
    steps: Listed[Step] = Field(default_factory=list)
    notes: Listed[str] = Field(default_factory=list)


class Usage(Result):
    """What the sandbox uses: bytes of memory, seconds of processor time so far, processes and threads.

    `oom_kills`: how many processes were ended because its memory was used up.
    """

    memory: int = Field(ge=0)
    cpu_seconds: float = Field(ge=0)
    pids: int = Field(ge=0)
    oom_kills: int = Field(default=0, ge=0)


class Ports(Result):
    """Ports that something in the sandbox listens on just now, without the application's main one."""

    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(max_length=50)


class Stream(StrEnum):
    OUT = "stdout"
    ERR = "stderr"
    SYSTEM = "system"


class Line(Result):
    """One line of output. `seq` counts without gaps; a gap seen by a reader means that lines were dropped, or that the
    sandbox was started anew: each life of a bridge begins far above the numbers of those before it.
    """

    seq: int
    time: datetime
    stream: Stream
    text: str


class SubscribeParams(Params):
    """Lines with a `seq` greater than `after` are told; without it, all that are kept."""

    after: int | None = Field(default=None, ge=0)


class Output(Result):
    """The answer of application.subscribe and the notification application.output."""

    lines: Listed[Line]
