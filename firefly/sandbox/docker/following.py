"""Follows what the engine tells of containers, and comes back when the engine was away."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from .companions import COMPANION
from .engine import Engine
from .labels import INSTALLATION, INSTANCE

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
KINDS = ("die", "destroy", "oom", "pause", "unpause")

Told = Callable[[str, str], None]
CaughtUp = Callable[[], Awaitable[None]]


class Following:
    """`told` gets the kind of each event and the run that it is about.

    `caught_up` is called at the beginning of each connection, for what happened while there was none.
    """

    def __init__(self, engine: Engine, installation: str, *, told: Told, caught_up: CaughtUp) -> None:
        self._engine = engine
        self._filters = json.dumps({"type": ["container"], "event": KINDS, "label": [f"{INSTALLATION}={installation}"]})
        self._told = told
        self._caught_up = caught_up
        self._listening = asyncio.Event()

    async def ready(self) -> None:
        """Return when events have begun to be heard."""
        await self._listening.wait()

    async def run(self) -> None:
        """For ever."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._engine.stream("GET", "events", filters=self._filters) as events:
                    if self._listening.is_set():
                        log.info("docker.back")
                    self._listening.set()
                    await self._caught_up()
                    pause = FIRST_PAUSE
                    async for event in events:
                        self._tell(event)
                log.warning("docker.away", reason="The engine ended the stream of events.")
            # Whatever it is: who no longer listens hears of no end.
            except Exception as error:
                log.warning("docker.away", reason=str(error) or repr(error), retry_after=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, event: Mapping[str, Any]) -> None:
        marks = event["Actor"]["Attributes"]
        # What happens to a companion is told by whoever runs it.
        if COMPANION not in marks:
            self._told(event["Action"], marks.get(INSTANCE, ""))
