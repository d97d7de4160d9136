"""Twins of what the parts of building ask of one another."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from firefly.builds.seams import BuildLog, StepLog


@dataclass
class RecordedStep(StepLog):
    """`state` is `running`, `succeeded`, `failed` or `ended`; `skipped` the reason, where nothing had to be done."""

    name: str
    command: str | None
    output: bytes = b""
    said: list[str] = field(default_factory=list)
    code: int | None = None
    skipped: str = ""
    state: str = "running"

    async def write(self, data: bytes, *, stream: str = "out") -> None:
        self.output += data

    async def say(self, text: str) -> None:
        self.said.append(text)

    def exited(self, code: int) -> None:
        self.code = code

    def skip(self, reason: str) -> None:
        self.skipped = reason

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")


class RecordingLog(BuildLog):
    """A build's log in memory: the steps in their order."""

    def __init__(self) -> None:
        self.steps: list[RecordedStep] = []
        self.masked: list[str] = []

    def step(self, name: str, command: str | None = None) -> AbstractAsyncContextManager[StepLog]:
        return self._step(RecordedStep(name, command))

    @asynccontextmanager
    async def _step(self, step: RecordedStep) -> AsyncIterator[StepLog]:
        self.steps.append(step)
        try:
            yield step
            step.state = "failed" if step.code else "succeeded"
        except Exception:
            step.state = "failed"
            raise
        except BaseException:
            step.state = "ended"
            raise

    def mask(self, *values: str) -> None:
        self.masked.extend(values)

    async def last_lines(self, count: int = 40) -> list[str]:
        return self.steps[-1].text.splitlines()[-count:] if self.steps else []
