"""One kind of what is cleared away, and how much of it there was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from firefly.store import Connection, Database


@dataclass(frozen=True, slots=True)
class Cleared:
    """`bytes` that this gave back, as far as it is known."""

    count: int = 0
    bytes: int = 0


class Part(Protocol):
    """`name` is what it clears away, `every` how often a server does."""

    @property
    def name(self) -> str: ...

    @property
    def every(self) -> timedelta: ...

    async def clear(self, *, dry: bool) -> Cleared:
        """What there was. `dry`: nothing is removed, and what would be is counted in the same way."""


class _Undone(Exception):
    pass


@asynccontextmanager
async def trying(database: Database, *, dry: bool) -> AsyncIterator[Connection]:
    """A transaction, of which nothing is left where it is `dry`."""
    try:
        async with database.transaction() as connection:
            yield connection
            if dry:
                raise _Undone
    except _Undone:
        pass
