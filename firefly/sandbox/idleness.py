"""When a sandbox that nobody uses is frozen, and when it is stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from firefly.clock import Clock

from .backend import State
from .slots import Slot


@dataclass(frozen=True, slots=True)
class Idleness:
    """Both are seconds without activity. `freeze` is None where the machine cannot."""

    clock: Clock
    freeze: float | None
    stop: float

    def due(self, slot: Slot) -> State | None:
        """What is to happen to it now: frozen, stopped, or nothing."""
        quiet = self.clock.monotonic() - slot.active_at
        if slot.state in (State.RUNNING, State.FROZEN) and quiet >= self.stop:
            return State.STOPPED
        if slot.state is State.RUNNING and self.freeze is not None and quiet >= self.freeze:
            return State.FROZEN
        return None

    def reason(self, slot: Slot) -> str:
        minutes = max(round((self.clock.monotonic() - slot.active_at) / 60), 1)
        return f"Nothing happened in it for {minutes} min."

    def freezes_at(self, slot: Slot) -> datetime | None:
        """When it is frozen unless something happens before."""
        return self._after(slot, self.freeze) if slot.state is State.RUNNING else None

    def stops_at(self, slot: Slot) -> datetime | None:
        """When it is stopped unless something happens before."""
        return self._after(slot, self.stop) if slot.state in (State.RUNNING, State.FROZEN) else None

    def _after(self, slot: Slot, seconds: float | None) -> datetime | None:
        if seconds is None:
            return None
        return self.clock.now() + timedelta(seconds=slot.active_at + seconds - self.clock.monotonic())
