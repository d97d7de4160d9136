"""How much of artifacts is kept for one owner: those of old builds go first, what is shown as a ref's newest never."""

from typing import Any

from firefly.store import Connection, load_queries

AT_A_TIME = 100


class ArtifactRoom:
    """`most` bytes as they are stored, of all projects of an owner together; 0: any number."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._queries: Any = load_queries("sites")

    async def let_go(self, connection: Connection) -> int:
        """Let builds go without what is too much; whoever removes artifacts that nothing names removes it. How many."""
        if not self._most:
            return 0
        rows = self._queries.let_go_of_artifacts(connection, room=self._most, most=AT_A_TIME)
        return len([row["number"] async for row in rows])
