"""How much of artifacts is kept for one owner: those of old builds go first, what is shown as a ref's newest never."""

from typing import Any

import structlog

from firefly.store import Database, load_queries

log = structlog.get_logger()

AT_A_TIME = 100


class ArtifactRoom:
    """`most` bytes as they are stored, of all projects of an owner together; 0: any number."""

    def __init__(self, database: Database, *, most: int) -> None:
        self._database = database
        self._most = most
        self._queries: Any = load_queries("sites")

    async def sweep(self) -> int:
        """Let builds go without what is too much; whoever removes artifacts that nothing names removes it. How many."""
        if not self._most:
            return 0
        async with self._database.transaction() as connection:
            rows = self._queries.let_go_of_artifacts(connection, room=self._most, most=AT_A_TIME)
            gone = [row["number"] async for row in rows]
        if gone:
            log.info("artifacts.over_quota", builds=len(gone))
        return len(gone)
