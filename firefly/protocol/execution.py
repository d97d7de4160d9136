"""Messages of the exec service: one command, run to its end."""

from pydantic import Field

from firefly.protocol.model import Params, Result

DEFAULT_TIMEOUT = 60.0
LONGEST_TIMEOUT = 3600.0
TIMED_OUT = 124


class ExecParams(Params):
    """`command` as a string goes through the shell, as a list it does not. `timeout` in seconds."""

    command: str | list[str] = Field(min_length=1)
    timeout: float = Field(default=DEFAULT_TIMEOUT, gt=0, le=LONGEST_TIMEOUT)
    env: dict[str, str] = Field(default_factory=dict)


class ExecResult(Result):
    """A negative `exit_code` is a signal; 124 with `timed_out` is the time limit. `truncated`: output was cut."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    truncated: bool = False


class ExecEvent(Result):
    """One event of the stream: `event` is stdout or stderr with `text`, or exit with `exit_code`."""

    event: str
    text: str = ""
    exit_code: int | None = None
    timed_out: bool = False
