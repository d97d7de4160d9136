"""What a worker has in place of the server's own parts: copies that notes keep in step, and calls for the rest."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar
from uuid import UUID

from firefly.access import Policy
from firefly.auth import Grant
from firefly.link import Link
from firefly.proxy import Dialer, Progress
from firefly.routes import Target

# The server has limits of its own for what takes long; this is for one that does not answer.
DIAL_LIMIT = 900.0

T = TypeVar("T")


class Batch(Generic[T]):
    """Tells what was put in one turn of the loop at once."""

    def __init__(self, tell: Callable[[tuple[T, ...]], None]) -> None:
        self._tell = tell
        self._waiting: set[T] = set()

    def put(self, item: T) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.add(item)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, set()
        self._tell(tuple(waiting))


class LinkDialer(Dialer):
    """The server dials and hands the connection over; which instance it is of, it tells as long as that runs."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._instances: dict[Target, str] = {}
        self._awake: dict[Target, bool] = {}
        """Of targets that were asked about; not known yet counts as asleep."""
        self._touched = Batch[tuple[Target, float]](lambda targets: link.note("touched", targets))

    def instance(self, target: Target) -> str | None:
        return self._instances.get(target)

    def is_awake(self, target: Target) -> bool:
        found = self._awake.get(target)
        if found is None:
            found = self._awake[target] = target in self._instances
            self._link.note("watch", target)
        return found

    async def probe(self, target: Target) -> socket.socket:
        connection: socket.socket
        _, (connection,) = await self._link.call("probe", target)
        connection.setblocking(False)
        return connection

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        instance, (connection,) = await self._link.call("dial", target, limit=DIAL_LIMIT)
        connection.setblocking(False)
        self._instances[target] = instance
        if target in self._awake:
            self._awake[target] = True
        return instance, connection

    async def progress(self, target: Target) -> Progress:
        found: Progress = await self._link.call("progress", target)
        return found

    def touch(self, target: Target, at: float) -> None:
        self._touched.put((target, at))

    def heed(self, changes: Iterable[tuple[Target, str | None, bool]]) -> None:
        """Take over which instances run now."""
        for target, instance, is_awake in changes:
            if target in self._awake:
                self._awake[target] = is_awake
            if instance is None:
                self._instances.pop(target, None)
            else:
                self._instances[target] = instance


class PolicyCopy:
    """Fulfils the gate's `PolicyMirror`."""

    def __init__(self) -> None:
        self._of: dict[UUID, Policy] = {}

    def get(self, project_id: UUID | None) -> Policy | None:
        return self._of.get(project_id) if project_id is not None else None

    def heed(self, changes: Mapping[UUID, Policy | None]) -> None:
        for project_id, policy in changes.items():
            if policy is None:
                self._of.pop(project_id, None)
            else:
                self._of[project_id] = policy


class VisitReports:
    """Fulfils the gate's `VisitNotes`."""

    def __init__(self, link: Link) -> None:
        self._seen = Batch[UUID](lambda ids: link.note("seen", ids))

    def note(self, grant: Grant) -> None:
        self._seen.put(grant.id)
