"""How far a target is on its way, and who looks at that: asked for once a second, however many look."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import structlog

from firefly.errors import FireflyError
from firefly.routes import Target

if TYPE_CHECKING:
    from .context import Context
    from .dialer import Dialer

EVERY: Final = 1.0
"""Seconds between two askings."""
LONGEST: Final = 5.0

log = structlog.get_logger()


class Step(Enum):
    """What a target is busy with; the value is what members read."""

    SANDBOX = "Starting the sandbox"
    INSTALLING = "Installing dependencies"
    APPLICATION = "Starting the application"
    PORT = "Waiting for the port to open"
    PAGES = "Unpacking the pages"


@dataclass(frozen=True, slots=True)
class Progress:
    step: Step
    detail: str = ""
    """What it printed last, for members only."""
    ready: bool = False
    """Dialing it again would end at once, well or not."""


class Watch:
    """What is known of one target while somebody looks."""

    def __init__(self, dialer: "Dialer", target: Target) -> None:
        self._dialer = dialer
        self._target = target
        self.viewers = 0
        self.progress: Progress | None = None
        self.task: asyncio.Task[None]

    async def follow(self) -> None:
        """For ever."""
        while True:
            try:
                async with asyncio.timeout(LONGEST):
                    self.progress = await self._dialer.progress(self._target)
            except (FireflyError, OSError, TimeoutError) as error:
                log.debug("progress.unknown", target=repr(self._target), error=str(error))
            await asyncio.sleep(EVERY)


class Watches:
    def __init__(self, context: "Context", dialer: "Dialer") -> None:
        self._context = context
        self._dialer = dialer
        self._of: dict[Target, Watch] = {}

    def join(self, target: Target) -> Watch:
        """Look at a target; `leave` has to follow."""
        watch = self._of.get(target)
        if watch is None:
            watch = self._of[target] = Watch(self._dialer, target)
            watch.task = self._context.spawn(watch.follow())
        watch.viewers += 1
        return watch

    def leave(self, target: Target) -> None:
        watch = self._of[target]
        watch.viewers -= 1
        if not watch.viewers:
            watch.task.cancel()
            del self._of[target]

    def is_awake(self, target: Target) -> bool:
        return self._dialer.is_awake(target)

    def viewers(self, target: Target) -> int:
        watch = self._of.get(target)
        return watch.viewers if watch is not None else 0
