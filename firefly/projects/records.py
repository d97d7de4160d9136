"""Projects in PostgreSQL: rows to records, and the few statements that several services share."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from ..bus import JSON, Bus
from ..errors import InvalidInput
from ..store import Connection, Database, load_queries
from .model import LastChange, Project, Role, Visibility
from .seams import WorkspaceFacts


class Records:
    """Reads projects as one account sees them; decides nothing."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self.bus = bus
        self.queries = load_queries("projects")

    async def find(self, account_id: UUID | None, owner: str, name: str, *, deleted: bool = False) -> Project | None:
        async with self.database.connection() as connection:
            row = await self.queries.find_project(
                connection, account_id=account_id, owner=owner, name=name, deleted=deleted
            )
        return to_project(row) if row else None

    async def find_by_id(self, account_id: UUID | None, project_id: UUID) -> Project | None:
        async with self.database.connection() as connection:
            row = await self.queries.find_project_by_id(connection, account_id=account_id, id=project_id)
        return to_project(row) if row else None

    async def lock(self, account_id: UUID | None, project_id: UUID, connection: Connection) -> Project | None:
        """As find_by_id; nobody else changes the project until the transaction of `connection` ends."""
        row = await self.queries.lock_project(connection, account_id=account_id, id=project_id)
        return to_project(row) if row else None

    async def find_renamed(self, account_id: UUID | None, owner: str, name: str, now: datetime) -> Project | None:
        """The project that once had this address, while the old name is reserved."""
        async with self.database.connection() as connection:
            project_id = await self.queries.find_renamed(connection, owner=owner, name=name, now=now)
        return await self.find_by_id(account_id, project_id) if project_id else None

    async def facts(self, workspace_id: UUID, connection: Connection | None = None) -> WorkspaceFacts | None:
        async with self.database.connection() if connection is None else nullcontext(connection) as given:
            row = await self.queries.workspace_facts(given, workspace_id=workspace_id)
        return to_facts(row) if row else None

    async def own(
        self, project_id: UUID, connection: Connection | None = None, *, closed: bool = False
    ) -> Sequence[WorkspaceFacts]:
        """Of members' own workspaces: of those that they may still use, with `closed` of the others too."""
        async with self.database.connection() if connection is None else nullcontext(connection) as given:
            rows = self.queries.own_workspace_facts(given, project_id=project_id, closed=closed)
            return [to_facts(row) async for row in rows]

    async def facts_of(self, project: Project) -> WorkspaceFacts | None:
        return await self.facts(project.workspace_id) if project.workspace_id else None

    async def all_facts(self, project: Project, connection: Connection | None = None) -> Sequence[WorkspaceFacts]:
        """Of the shared workspace, and of those of members who may still use theirs."""
        shared = await self.facts(project.workspace_id, connection) if project.workspace_id else None
        return [*([shared] if shared else []), *await self.own(project.id, connection)]

    async def announce(self, kind: str, project: Project, connection: Connection | None = None, **more: JSON) -> None:
        data: dict[str, JSON] = {"project_id": str(project.id), "owner": project.owner, "name": project.name, **more}
        await self.bus.publish("events", kind, data, connection=connection)


def plain(value: Any) -> Any:
    """asyncpg's UUID compares equal to Python's but is another class."""
    return UUID(bytes=value.bytes) if isinstance(value, UUID) else value


def to_facts(row: Mapping[str, Any]) -> WorkspaceFacts:
    return WorkspaceFacts(**{name: plain(value) for name, value in row.items()})


def to_project(row: Mapping[str, Any]) -> Project:
    return Project(
        id=plain(row["id"]),
        owner=row["owner"],
        name=row["name"],
        description=row["description"],
        visibility=Visibility(row["visibility"]),
        default_branch=row["default_branch"],
        workspace_id=plain(row["workspace_id"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        deleted_at=row["deleted_at"],
        role=Role(row["role"]) if row["role"] else None,
        last_change=LastChange(what=row["changed_what"], who=row["changed_by_name"], at=row["changed_at"]),
        owner_id=plain(row["owner_id"]),
        template=row["template"],
        remix_of=row["origin_path"],
        remixes=row["remixes"],
        archives_at=row["archives_at"],
        archived_at=row["archived_at"],
    )


def encode_cursor(project: Project) -> str:
    return base64.urlsafe_b64encode(f"{project.changed_at.isoformat()} {project.id}".encode()).decode()


def decode_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """Raises InvalidInput for what encode_cursor did not make."""
    if cursor is None:
        return None, None
    try:
        at, _, project_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return datetime.fromisoformat(at), UUID(project_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("That cursor is not one of ours. Begin without one.", field="cursor") from error
