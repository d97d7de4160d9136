"""The application's present status, and waiting for the next one."""

import asyncio

from firefly.clock import Clock
from firefly.protocol.application import ApplicationKind, ApplicationStatus, State, Step

_ON_THE_WAY = frozenset({State.INSTALLING, State.STARTING})


class Board:
    def __init__(self, clock: Clock, *, port: int) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self.status = ApplicationStatus(
            state=State.STOPPED,
            kind=ApplicationKind.NONE,
            command=None,
            port=port,
            reason="The workspace has not been set up yet.",
            since=clock.now(),
        )

    def set(self, state: State, reason: str, **fields: object) -> None:
        """A new state with its reason; other fields stay unless given. `since` moves only with the state."""
        since = self.status.since if state is self.status.state else self._clock.now()
        self._put(state=state, reason=reason, since=since, **{"exit_code": None, "stalled": False, **fields})

    def steps(self, steps: list[Step]) -> None:
        self._put(steps=steps)

    async def changed(self) -> None:
        """Until the next change."""
        await self._changed.wait()

    async def settled(self, *, within: float) -> ApplicationStatus:
        """The status once it is neither installing nor starting, or after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while self.status.state in _ON_THE_WAY:
                    await self.changed()
        except TimeoutError:
            pass
        return self.status

    def _put(self, **fields: object) -> None:
        self.status = self.status.model_copy(update=fields)
        self._changed.set()
        self._changed = asyncio.Event()
