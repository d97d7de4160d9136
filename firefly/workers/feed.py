"""What one worker is told, everything at its start and each change from then on, and what it may ask."""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar
from uuid import UUID

from firefly.access import Policy
from firefly.adapters.door import Sources
from firefly.link import Link, Sockets
from firefly.routes import Target

from .protocol import WIRE

# So many at a time, and others have their turn in between: a piece takes about half a millisecond.
PIECE = 50
# How often it is looked whether the instances that a worker knows still run.
LOOK_EVERY = 0.25

# The instance that runs, if any, and whether a dial would have to start nothing.
Standing: TypeAlias = tuple[str | None, bool]
GONE: Standing = (None, False)

T = TypeVar("T")


class Feed:
    """One worker's end of the link."""

    def __init__(self, connection: socket.socket, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[Target, Standing] = {}
        """What the worker believes of targets that it uses or watches."""
        self._watched: set[Target] = set()
        self.numbers: Mapping[str, float] = {}
        self.link = Link(
            connection,
            WIRE,
            calls={
                "dial": self._dial,
                "probe": self._probe,
                "progress": sources.dialer.progress,
                "redeem": sources.tunnels.redeem,
                "opens": sources.opens,
            },
            notes={
                "watch": self._watch,
                "touched": self._touched,
                "seen": sources.visits.note_ids,
                "missing": sources.missing.note,
                "numbers": self._count,
            },
        )

    async def fill(self) -> None:
        """Tell everything. Changes may be told meanwhile: each piece is as it is when it is told."""
        table, policies, refusals = self._sources.table, self._sources.policies, self._sources.refusals
        for latest in pieces(list(refusals.latest.items())):
            await self._say("refusals", dict(latest), {})
        for of_grants in pieces(list(refusals.of_grants.items())):
            await self._say("refusals", {}, dict(of_grants))
        for ids in pieces(list(policies.known)):
            await self._say("policies", {id: policies.get(id) for id in ids})
        for hosts in pieces([route.host for route in table]):
            await self._say("routes", [route for host in hosts if (route := table.get(host))], ())

    async def follow(self) -> None:
        """Tell, four times a second, which instances that the worker knows run no more, or are others; for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            found = [
                (target, now) for target, before in self._known.items() if (now := self._standing(target)) != before
            ]
            # Also of none: a worker that hears nothing no longer knows who may look.
            self.link.note("instances", [(target, *now) for target, now in found])
            for target, now in found:
                self._known[target] = now
                if now == GONE and target not in self._watched:
                    del self._known[target]

    def _standing(self, target: Target) -> Standing:
        dialer = self._sources.dialer
        return dialer.instance(target), dialer.is_awake(target)

    def _watch(self, target: Target) -> None:
        self._watched.add(target)
        self._known.setdefault(target, GONE)

    async def _say(self, name: str, *values: object) -> None:
        self.link.note(name, *values)
        await self.link.ready()
        await asyncio.sleep(0)

    async def _dial(self, target: Target) -> Sockets:
        instance, connection = await self._sources.dialer.dial(target)
        self._known[target] = instance, True
        return Sockets(instance, (connection,))

    async def _probe(self, target: Target) -> Sockets:
        return Sockets(None, (await self._sources.dialer.probe(target),))

    def _touched(self, targets: Iterable[tuple[Target, float]]) -> None:
        for target, at in targets:
            self._sources.dialer.touch(target, at)

    def _count(self, numbers: Mapping[str, float]) -> None:
        self.numbers = numbers


def changed_policies(before: Mapping[UUID, Policy], now: Mapping[UUID, Policy]) -> dict[UUID, Policy | None]:
    """What differs; None for those that are no more."""
    changed: dict[UUID, Policy | None] = {id: policy for id, policy in now.items() if before.get(id) is not policy}
    return changed | {id: None for id in before if id not in now}


def pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them, so many at a time that none takes long."""
    for first in range(0, len(items), PIECE):
        yield items[first : first + PIECE]
