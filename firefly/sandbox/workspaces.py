"""The tables `workspaces` and `sandboxes`: who owns which files, and what was last known of each sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from firefly.bus import JSON, Bus
from firefly.clock import Clock
from firefly.errors import DatabaseUnavailable, NotFound, Unavailable
from firefly.store import Database, load_queries
from firefly.store.failures import RAISED

from .backend import State
from .lease import Lease

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Record:
    """What was last written of a workspace's sandbox; `started_at`: since when its last run has been its own.

    `owner` answers for it; None where nobody asked yet. `ports` were open when its bridge was looked at last.
    """

    workspace_id: UUID
    state: State
    reason: str
    since: datetime
    instance_id: str | None
    started_at: datetime | None
    output: str
    owner: str | None
    ports: tuple[int, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Record":
        changed = {"state": State(row["state"]), "workspace_id": UUID(str(row["workspace_id"]))}
        return cls(**{**row, **changed, "ports": tuple(row["ports"])})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a start needs to know of its workspace: the user id, the epoch, whether it lies on layers."""

    uid: int
    epoch: int
    layered: bool


class Workspaces:
    """`node`: those of which machine are looked after here."""

    def __init__(self, database: Database, clock: Clock, node: str = "local") -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._queries: Any = load_queries("sandboxes")

    async def create(self, *, claimed: bool, layer_id: UUID | None = None) -> UUID:
        """Enter a workspace; the sequence of the table gives it a user id of its own. `layer_id`: what it lies on."""
        now = self._clock.now() if claimed else None
        async with self._database.connection() as connection:
            row = await self._queries.add_workspace(
                connection, id=uuid4(), node=self._node, claimed_at=now, layer_id=layer_id
            )
        return UUID(str(row["id"]))

    async def uid(self, workspace_id: UUID) -> int:
        """The user id that owns the workspace's files. Raises NotFound."""
        return int((await self._find(workspace_id))["uid"])

    async def is_claimed(self, workspace_id: UUID) -> bool:
        """Raises NotFound."""
        return (await self._find(workspace_id))["claimed_at"] is not None

    async def claim(self, workspace_id: UUID) -> bool:
        """Take a prepared workspace; False where somebody else has."""
        async with self._database.connection() as connection:
            row = await self._queries.claim_workspace(connection, id=workspace_id, claimed_at=self._clock.now())
        return row is not None

    async def epoch(self, workspace_id: UUID) -> int:
        """Which start of the workspace, on whichever node, is the one that may save what is edited. Raises NotFound."""
        return await self._number(self._queries.workspace_epoch, id=workspace_id)

    async def move(self, workspace_id: UUID, node: str) -> int:
        """Note that the workspace starts on `node`; its epoch, a new one where that was another before."""
        return await self._number(self._queries.move_workspace, id=workspace_id, node=node)

    async def standing(self, workspace_id: UUID) -> Standing:
        """Raises NotFound."""
        return await self._standing(self._queries.workspace_standing, workspace_id)

    async def raise_epoch(self, workspace_id: UUID) -> Standing:
        """Shut out every sandbox of the workspace that was started before. Raises NotFound."""
        return await self._standing(self._queries.raise_epoch, workspace_id)

    async def _standing(self, query: Any, workspace_id: UUID) -> Standing:
        async with self._database.connection() as connection:
            row = await query(connection, id=workspace_id)
        if row is None:
            raise NotFound("There is no such workspace.")
        return Standing(**row)

    async def _number(self, query: Any, **values: object) -> int:
        async with self._database.connection() as connection:
            found = await query(connection, **values)
        if found is None:
            raise NotFound("There is no such workspace.")
        return int(found)

    async def note_flush(self, workspace_id: UUID) -> None:
        """What is edited in it is kept outside of its sandbox as of now."""
        async with self._database.connection() as connection:
            await self._queries.note_flush(connection, id=workspace_id, now=self._clock.now())

    async def mark_deleted(self, workspace_id: UUID) -> None:
        async with self._database.connection() as connection:
            await self._queries.mark_workspace_deleted(connection, id=workspace_id, deleted_at=self._clock.now())

    async def drop(self, workspace_id: UUID) -> None:
        """Forget a workspace whose files are gone. One that a project still names stays, marked as deleted."""
        async with self._database.connection() as connection:
            try:
                await self._queries.drop_workspace(connection, id=workspace_id)
            except asyncpg.ForeignKeyViolationError:
                log.info("workspace.kept", workspace_id=str(workspace_id), reason="a project still names it")

    async def leftovers(self) -> Sequence[UUID]:
        """Those never claimed, and those deleted."""
        async with self._database.connection() as connection:
            return [
                UUID(str(row["id"])) async for row in self._queries.leftover_workspaces(connection, node=self._node)
            ]

    async def _find(self, workspace_id: UUID) -> Any:
        async with self._database.connection() as connection:
            row = await self._queries.find_workspace(connection, id=workspace_id)
        if row is None:
            raise NotFound("There is no such workspace.")
        return row


class Records:
    """Writes each change of state, with its reason, and tells the bus. A database that is away stops no sandbox."""

    def __init__(self, database: Database, bus: Bus, lease: Lease) -> None:
        self._database = database
        self._bus = bus
        self._lease = lease
        self._queries: Any = load_queries("sandboxes")

    async def put(self, record: Record, times: Mapping[str, datetime | None]) -> None:
        """`times` are told with it: when what will happen next."""
        if not self._lease.held:
            # Another server writes it by now.
            return
        event = {
            "project_id": None,
            "workspace_id": str(record.workspace_id),
            "state": record.state.value,
            "reason": record.reason,
            "since": record.since.isoformat(),
            **{name: at.isoformat() if at else None for name, at in times.items()},
        }
        values = {name: getattr(record, name) for name in Record.__slots__}
        # PostgreSQL's text cannot hold NUL, which a program may well print.
        values |= {
            "output": record.output.replace("\0", "\ufffd"),
            "state": record.state.value,
            "node": self._lease.node,
        }
        try:
            async with self._database.connection() as connection:
                put = partial(self._queries.put_sandbox, connection, **values)
                await self._bus.publish_by(
                    lambda channel, text: put(channel=channel, event=text), "events", "sandbox.changed", event
                )
        except (DatabaseUnavailable, *RAISED) as error:
            log.warning("sandbox.unrecorded", workspace_id=str(record.workspace_id), reason=str(error))

    async def tell(self, kind: str, workspace_id: UUID, **data: JSON) -> None:
        """Something that is not written down: a bus that is away is no obstacle."""
        try:
            await self._bus.publish("events", kind, {"project_id": None, "workspace_id": str(workspace_id), **data})
        except (DatabaseUnavailable, *RAISED) as error:
            log.warning("sandbox.untold", workspace_id=str(workspace_id), what=kind, reason=str(error))

    async def check_node(self, workspace_id: UUID) -> None:
        """Raises Unavailable for a sandbox of another node: its files, and perhaps a run of it, are there."""
        async with self._database.connection() as connection:
            node = await self._queries.node_of_sandbox(connection, workspace_id=workspace_id)
        if node not in (None, self._lease.node):
            raise Unavailable("This sandbox is kept on another node, which this server does not reach.")

    async def all(self) -> Sequence[Record]:
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.all_sandboxes(connection, node=self._lease.node)]
        return list(map(Record.of, rows))

    async def elsewhere(self, workspace_id: UUID) -> Record | None:
        """What another server has written of a sandbox; None where this one keeps it, or nobody does."""
        own = self._lease.node if self._lease.held else None
        async with self._database.connection() as connection:
            row = await self._queries.sandbox_elsewhere(connection, workspace_id=workspace_id, node=own)
        return Record.of(row) if row is not None else None
