"""When a sandbox that nobody uses is frozen, and when it is stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from firefly.clock import Clock

from .backend import State
from .slots import Slot
from .terms import duration


@dataclass(frozen=True, slots=True)
class Idleness:
    """By the terms of each slot, from its last activity on; a run that is too old is stopped whatever happens in it."""

    clock: Clock

    def due(self, slot: Slot) -> State | None:
        """What is to happen to it now: frozen, stopped, or nothing."""
        if slot.state not in (State.RUNNING, State.FROZEN):
            return None
        quiet = self._quiet(slot)
        if self.is_old(slot) or (quiet >= slot.terms.stop and not _is_held(slot)):
            return State.STOPPED
        if slot.state is State.RUNNING and slot.terms.freeze is not None and quiet >= slot.terms.freeze:
            return State.FROZEN
        return None

    def is_old(self, slot: Slot) -> bool:
        """Whether the run has reached the age at which every one is stopped."""
        ends_at = self._ends_at(slot)
        return ends_at is not None and self.clock.now() >= ends_at

    def reason(self, slot: Slot) -> str:
        if self.is_old(slot):
            age = duration(slot.terms.age or 0)
            return f"It ran for {age}, the longest that one may. It starts anew when it is needed."
        minutes = max(round(self._quiet(slot) / 60), 1)
        return f"Nothing happened in it for {minutes} min."

    def freezes_at(self, slot: Slot) -> datetime | None:
        """When it is frozen unless something happens before; None where it is stopped before that, or never frozen."""
        if slot.state is not State.RUNNING or slot.terms.freeze is None:
            return None
        at, stops_at = self._after(slot, slot.terms.freeze), self.stops_at(slot)
        return at if stops_at is None or at < stops_at else None

    def stops_at(self, slot: Slot) -> datetime | None:
        """When it is stopped unless something happens before; where it is too old then, whatever happens."""
        if slot.state not in (State.RUNNING, State.FROZEN):
            return None
        at, ends_at = self._after(slot, slot.terms.stop), self._ends_at(slot)
        if _is_held(slot):
            return ends_at
        return at if ends_at is None else min(at, ends_at)

    def _ends_at(self, slot: Slot) -> datetime | None:
        if slot.terms.age is None or slot.born_at is None:
            return None
        return slot.born_at + timedelta(seconds=slot.terms.age)

    def _after(self, slot: Slot, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds - self._quiet(slot))

    def _quiet(self, slot: Slot) -> float:
        """Seconds since something happened, or since the last that kept it awake ended; less than 0 until that ends."""
        quiet = self.clock.monotonic() - slot.active_at
        if not slot.awake:
            return quiet
        until = max(one.until for one in slot.awake)
        return min(quiet, (self.clock.now() - until).total_seconds())


def _is_held(slot: Slot) -> bool:
    """Whether it was frozen on request in the middle of something, which a stop would end."""
    return slot.state is State.FROZEN and bool(slot.seen.busy)
