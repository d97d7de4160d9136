"""Connections to what is behind: kept per sandbox instance, never handed to another, dialed when there is none."""

import asyncio
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from firefly.routes import AppTarget, BridgeTarget, SandboxTarget, Target

from .dialer import Dialer
from .limits import Limits
from .tally import Tally
from .upstream import Upstream

if TYPE_CHECKING:
    from .context import Context

# Up to so many bytes are a heartbeat, unless there are too many of them in a minute (DESIGN, decision 7).
HEARTBEAT, MOST_WHISPERS, WHISPERS_TIME = 64, 4096, 60.0

APP = AppTarget()
Key: TypeAlias = tuple[str, int | str | None]


class Slot:
    """The connections to one port of one instance."""

    __slots__ = ("dialing", "idle", "instance", "open", "tally", "target", "tunnels", "used_at", "well", "whispers")

    def __init__(self, target: Target, instance: str, tally: Tally) -> None:
        self.target = target
        self.tally = tally
        """Counts what passes here, with all of its kind."""
        self.instance = instance
        self.idle: list[Upstream] = []
        self.open = 0
        self.tunnels = 0
        """How many of the open ones are."""
        self.dialing = 0
        """Connections that are being made, for which the slot has to stay where sweeps find it."""
        self.used_at = 0.0
        """When it was last of use to somebody, by the monotonic clock; 0: not since the dialer was last told."""
        self.whispers = 0
        """Bytes of this minute that came in pieces as small as heartbeats are."""
        self.well = False
        """A request ended well since one last failed."""

    def use(self) -> None:
        """It is of use to somebody now: to the point, since it may be frozen in the next moment."""
        self.used_at = time.monotonic()

    def note(self, size: int) -> None:
        """So many bytes came of what has no end by itself, in one piece; an idle page's heartbeats are of no use."""
        if size > HEARTBEAT:
            self.use()
        else:
            self.whispers += size


class Pool:
    def __init__(self, context: "Context", *, dialer: Dialer, app_path: Path, limits: Limits) -> None:
        self._context = context
        self._dialer = dialer
        self._app_path = str(app_path)
        self._limits = limits
        self._slots: dict[Key, Slot] = {("app", None): Slot(APP, "app", context.tallies["app"])}
        self._app = self._slots["app", None]
        self._found: dict[int, tuple[Target, Slot]] = {}
        """By `id(target)`, to spare most requests the hashing of a target and its key."""
        self._forget_at = 0.0

    def take(self, target: Target) -> Upstream | None:
        """An idle connection to the instance of `target` that runs now."""
        slot = self._app if target is APP else self.slot(target)
        if slot is None:
            return None
        oldest = self._context.now - self._limits.pooled_time
        while slot.idle:
            upstream = slot.idle.pop()
            if upstream.since >= oldest and not upstream.lost:
                upstream.reused = True
                return upstream
            upstream.close()
        return None

    def load(self, target: Target) -> int:
        """How many requests and tunnels the instance of `target` that runs now has, with those that wait for it."""
        slot = self.slot(target)
        return (slot.open - len(slot.idle) if slot else 0) + self._context.waiting.get(target, 0)

    def busy(self, target: Target) -> int:
        """As `load`, with those of instances that ended."""
        slots = [slot for slot in self._slots.values() if slot.target == target]
        return sum(slot.open - len(slot.idle) for slot in slots) + self._context.waiting.get(target, 0)

    def has_room(self, target: Target) -> bool:
        """Whether one request more may be on its way, to the instance of `target` and in all.

        Asked before dials alone: who finds an idle connection adds none. An idle one ends where it would be one too
        many. The last eighth is for the app, which no preview can crowd out.
        """
        context, limits = self._context, self._limits
        own = target is APP or isinstance(target, BridgeTarget)
        slot = None if own else self.slot(target)
        if slot is not None:
            begun = slot.open - slot.tunnels + context.waiting.get(target, 0)
            if begun >= limits.route_requests and not _close_one([slot]):
                return False
        most = limits.requests if own else limits.requests - limits.requests // 8
        begun = sum(tally.open for tally in context.tallies.values()) + len(context.held)
        return begun < most or _close_one(self._slots.values())

    def slot(self, target: Target) -> Slot | None:
        """The connections to the instance of `target` that runs now; None: there are none."""
        instance = self._dialer.instance(target)
        known = self._found.get(id(target))
        if known is not None and known[0] is target and known[1].instance == instance:
            return known[1]
        slot = self._slots.get(_key(instance, target)) if instance is not None else None
        if slot is not None:
            self._found[id(target)] = target, slot
        return slot

    def release(self, upstream: Upstream) -> None:
        """Keep a connection whose answer has ended for the next request."""
        slot = upstream.slot
        if upstream.lost or self._context.draining or len(slot.idle) >= self._limits.pooled:
            upstream.close()
            return
        upstream.since = self._context.now
        slot.idle.append(upstream)

    async def dial(self, target: Target) -> Upstream:
        """A new connection. Raises what `Dialer.dial` raises."""
        return await self.connect(target, await self.reach(target))

    async def reach(self, target: Target) -> tuple[str, socket.socket] | None:
        """The part of `dial` that may take long, and be cancelled. None: there is nothing to wait for."""
        self._context.counters["dialed"] += 1
        return None if isinstance(target, AppTarget) else await self._dialer.dial(target)

    async def connect(self, target: Target, reached: tuple[str, socket.socket] | None) -> Upstream:
        """The rest of `dial`. Not to be cancelled: loop and socket would both close the descriptor."""
        loop = asyncio.get_running_loop()
        if reached is None:
            slot = self._app
            made = await loop.create_unix_connection(lambda: Upstream(self._context, slot), self._app_path)
            return made[1]
        instance, connection = reached
        slot = self._slots.setdefault(_key(instance, target), Slot(target, instance, self._context.tally(target)))
        slot.dialing += 1
        try:
            if connection.family == socket.AF_UNIX:
                made = await loop.create_unix_connection(lambda: Upstream(self._context, slot), sock=connection)
            else:
                made = await loop.create_connection(lambda: Upstream(self._context, slot), sock=connection)
        except BaseException:
            connection.close()
            raise
        finally:
            slot.dialing -= 1
        if made[1].lost:
            # uvloop has closed the descriptor, which may be another connection's when this object closes it again.
            connection.detach()
        return made[1]

    def sweep(self) -> None:
        """Close what was idle too long or belongs to an instance that ended; tell the dialer what was in use."""
        now = self._context.now
        oldest = now - self._limits.pooled_time
        forget = now >= self._forget_at
        if forget:
            self._forget_at = now + WHISPERS_TIME
        self._found.clear()
        for key, slot in list(self._slots.items()):
            if slot is self._app:
                ended = False
            else:
                ended = self._dialer.instance(slot.target) != slot.instance
                if slot.used_at or slot.whispers > MOST_WHISPERS:
                    self._dialer.touch(slot.target, slot.used_at or now)
                    slot.used_at, slot.whispers = 0.0, 0
            if forget:
                slot.whispers = 0
            for upstream in [u for u in slot.idle if ended or u.since < oldest]:
                slot.idle.remove(upstream)
                upstream.close()
            if not slot.open and not slot.dialing and slot is not self._app:
                del self._slots[key]

    def slots(self) -> Iterable[Slot]:
        return self._slots.values()

    def close(self) -> None:
        """Close all that is idle."""
        for slot in self._slots.values():
            for upstream in slot.idle:
                upstream.close()
            slot.idle.clear()

    def idle(self) -> Iterator[Upstream]:
        for slot in self._slots.values():
            yield from slot.idle


def _close_one(slots: Iterable[Slot]) -> bool:
    """End an idle connection of theirs; False: there is none."""
    idle = next((slot.idle for slot in slots if slot.idle), None)
    if idle is None:
        return False
    idle.pop(0).close()
    return True


def _key(instance: str, target: Target) -> Key:
    return (instance, target.port) if isinstance(target, SandboxTarget) else (instance, "bridge")
