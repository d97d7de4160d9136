"""What is to be told of a build, written down in the transaction of what happened: one row for each listener."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from ...store import Connection, load_queries
from ..seams import Listener


class Notices:
    """`listeners` by name. `register` before anything happens."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.listeners: dict[str, Listener] = {}
        self._queries: Any = load_queries("builds")
        for listener in listeners:
            self.register(listener)

    def register(self, listener: Listener) -> None:
        self.listeners[listener.name] = listener

    async def write(self, build_id: UUID, kind: str, connection: Connection, *, now: datetime, **data: Any) -> bool:
        """Whether somebody is to be told."""
        names = [name for name, listener in self.listeners.items() if kind in listener.kinds]
        if names:
            await self._queries.insert_notices(
                connection, build_id=build_id, kind=kind, data=data, listeners=names, now=now
            )
        return bool(names)
