"""One run as the server sees it: its task, the relay to its bridge, its end."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from firefly.sandbox.backend import ExitStatus, Instance
from firefly.sandbox.docker.companions import Companion
from firefly.sandbox.processes import explain
from firefly.sandbox.relay import Relay

from . import entrance
from .placing import Node, Task


@dataclass(slots=True)
class Run:
    """`reason`: why its end was asked for; empty while nobody has. `node` is where it was found last.

    `companion` runs its image, where it has one.
    """

    instance: Instance
    relay: Relay | None = None
    companion: Companion | None = None
    node: str = ""
    reason: str = ""
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    async def let_go(self) -> None:
        """Close what leads to it; what runs goes on."""
        if self.relay is not None:
            await self.relay.close()
        if self.companion is not None:
            await self.companion.close()

    @property
    def settled(self) -> bool:
        """It has started, and nobody is ending it."""
        return self.relay is not None and not self.reason and self.status is None


def end_of(run: Run, task: Task | None, nodes: Mapping[str, Node], now: datetime) -> ExitStatus | None:
    """How a run has ended by itself; None where it goes on. `task` is None where the Swarm knows none any more."""
    if task is None:
        return ExitStatus(None, "Its service was removed from the Swarm.", now, False)
    node = nodes.get(task.node)
    name = node.name if node else run.node
    if task.ended and (task.state in ("complete", "failed") or not task.given_up):
        said = (explain(task.code) if task.code else "") or task.error or "It ended."
        return ExitStatus(_signal(task.code), said, now, False)
    if node is None or not node.up:
        return ExitStatus(None, f"Its node, {name}, does not answer any more.", now, False, lost=True)
    if task.given_up:
        return ExitStatus(None, f"The Swarm took it from its node, {name}.", now, False, lost=True)
    return None


def explained(status: ExitStatus, output: str) -> ExitStatus:
    """With what it printed last, and the reason that the entrance gave there."""
    if status.code != entrance.EXPLAINED:
        return replace(status, output=output)
    said = [line for line in output.splitlines() if line.startswith(entrance.PREFIX)]
    reason = said[-1].removeprefix(entrance.PREFIX) if said else status.reason
    return replace(status, output=output, reason=reason)


def _signal(code: int | None) -> int | None:
    """As of a process: negative for a signal."""
    return 128 - code if code is not None and 128 < code <= 192 else code
