"""One step of a build, as it writes its log."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from ...errors import FireflyError
from ..making.storable import storable
from ..model import Step, StepState
from .making import Cutting
from .pieces import Stream

# As a line's end is shown where it is none.
NEXT_LINE = "\u240a"
Take = Callable[[Cutting, Stream, bytes], Awaitable[None]]


class StepWriter:
    """Fulfils `StepLog`."""

    def __init__(self, step: Step, cutting: Cutting, take: Take) -> None:
        self.step = step
        self.cutting = cutting
        self._take = take
        self._code: int | None = None
        self._skipped: str | None = None

    async def write(self, data: bytes, *, stream: str = "out") -> None:
        await self._take(self.cutting, "err" if stream == "err" else "out", data)

    async def say(self, text: str) -> None:
        # One line, whatever names of files are told in it: what looks like ours is ours.
        line = NEXT_LINE.join(text.splitlines())
        await self._take(self.cutting, "firefly", line.encode(errors="replace") + b"\n")

    def exited(self, code: int) -> None:
        self._code = code

    def skip(self, reason: str) -> None:
        self._skipped = reason

    def ended(self, error: BaseException | None, at: datetime) -> Step:
        """The step as it ended: by `error`, or by itself."""
        state, reason = self._outcome(error)
        return replace(self.step, state=state, reason=storable(reason), exit_code=self._code, ended_at=at)

    def _outcome(self, error: BaseException | None) -> tuple[StepState, str]:
        if isinstance(error, asyncio.CancelledError):
            return StepState.ENDED, ""
        if error is not None:
            reason = error.detail if isinstance(error, FireflyError) else str(error)
            return StepState.FAILED, reason or type(error).__name__
        if self._code:
            return StepState.FAILED, f"It ended with status {self._code}."
        return (StepState.SUCCEEDED, "") if self._skipped is None else (StepState.SKIPPED, self._skipped)
