"""Routes in PostgreSQL, the authority, and how each replica's table follows them."""

from datetime import timedelta
from uuid import UUID

from firefly.bus import Bus
from firefly.store import Connection, Database

from .route import Access, Route
from .table import RouteTable


class RouteStore:
    """Changes routes and keeps `table` in step with them.

    Each change can take part in a transaction: pass its `connection`, and call `apply` with what the method returned
    once that is committed; without a connection the change is in effect here when the method returns. Other replicas
    follow by the bus within milliseconds.
    """

    def __init__(self, database: Database, bus: Bus, table: RouteTable) -> None: ...

    async def load(self) -> None:
        """Take all routes from the database; logs what was different."""

    async def follow(self) -> None:
        """Keep the table in step until cancelled: changes by the bus, everything after a gap and once a minute."""

    async def add(self, *routes: Route, connection: Connection | None = None) -> list[Route]:
        """Raises NameTaken when a host belongs to another project or is still reserved for one."""
        raise NotImplementedError

    async def remove(
        self, project_id: UUID, *, reserve: timedelta = timedelta(days=30), connection: Connection | None = None
    ) -> list[Route]:
        """Take all routes of a project away; their hosts stay reserved for it. Returns what `apply` takes."""
        raise NotImplementedError

    async def rename(self, old_host: str, new_host: str, *, connection: Connection | None = None) -> list[Route]:
        """Move a route to a new host; the old one redirects there and stays reserved for 90 days."""
        raise NotImplementedError

    async def set_access(
        self, project_id: UUID, access: Access, *, connection: Connection | None = None
    ) -> list[Route]:
        """Change who may see all routes of a project; grants of the former policy end."""
        raise NotImplementedError

    def apply(self, changed: list[Route]) -> None:
        """Put a committed change into effect in this replica without waiting for the bus."""
