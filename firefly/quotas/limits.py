"""How much one account may have."""

from uuid import UUID

from ..errors import LimitReached
from ..store import Connection, Database, load_queries

PROJECTS = 100


class Quotas:
    """Only limits that are enforced stand here."""

    def __init__(self, db: Database, *, projects: int = PROJECTS) -> None:
        self._db = db
        self._projects = projects
        self._queries = load_queries("quotas")

    async def check_projects(
        self, account_id: UUID, *, is_administrator: bool = False, connection: Connection | None = None
    ) -> None:
        """Raises LimitReached when the account owns as many projects as it may; deleted ones do not count.

        With `connection`, holds off other creations of that account until its transaction ends, so that simultaneous
        ones do not pass together.
        """
        if is_administrator:
            return
        if connection is not None:
            await self._queries.lock_account(connection, account_id=account_id)
            count = await self._queries.count_projects(connection, account_id=account_id)
        else:
            async with self._db.connection() as own:
                count = await self._queries.count_projects(own, account_id=account_id)
        if count >= self._projects:
            raise LimitReached(
                f"You own {count} projects; {self._projects} are allowed. Delete one, or ask an administrator.",
                limit=self._projects,
            )
