"""What projects ask for, kept in the table `sandbox_wishes`, and the terms that follow from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from firefly.store import Database, load_queries

from .terms import NOTHING, Allowance, Terms, Wishes


class Source(StrEnum):
    """Who asks: the project's firefly.yml, as its bridge told last, or its settings."""

    FILE = "file"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that decides a project's terms, and the terms."""

    file: Wishes
    settings: Wishes
    standard: Wishes
    most: Wishes
    terms: Terms


class Granting:
    def __init__(self, database: Database, allowance: Allowance) -> None:
        self._database = database
        self.allowance = allowance
        self._queries: Any = load_queries("keeping")

    async def terms(self, workspace_id: UUID) -> Terms:
        return (await self.asked(workspace_id)).terms

    async def asked(self, workspace_id: UUID) -> Asked:
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.wishes_of(connection, workspace_id=workspace_id)]
        found = {Source(row["source"]): _wishes(row) for row in rows}
        file, settings = found.get(Source.FILE, NOTHING), found.get(Source.SETTINGS, NOTHING)
        allowance = self.allowance
        return Asked(file, settings, allowance.standard, allowance.most, allowance.grant(file=file, stored=settings))

    async def all(self) -> Mapping[UUID, Terms]:
        """Those of workspaces that ask for anything."""
        found: dict[UUID, dict[Source, Wishes]] = {}
        async with self._database.connection() as connection:
            async for row in self._queries.all_wishes(connection):
                found.setdefault(UUID(str(row["workspace_id"])), {})[Source(row["source"])] = _wishes(row)
        return {
            workspace_id: self.allowance.grant(
                file=by_source.get(Source.FILE, NOTHING), stored=by_source.get(Source.SETTINGS, NOTHING)
            )
            for workspace_id, by_source in found.items()
        }

    async def put(self, workspace_id: UUID, source: Source, wishes: Wishes) -> Terms:
        """Write down what is asked for now; returns what follows. What a project's settings ask for is checked first.

        Raises InvalidInput.
        """
        if source is Source.SETTINGS:
            self.allowance.check(wishes)
        async with self._database.connection() as connection:
            await self._queries.put_wishes(connection, workspace_id=workspace_id, source=source.value, **asdict(wishes))
        return await self.terms(workspace_id)


def _wishes(row: Mapping[str, Any]) -> Wishes:
    return Wishes(**{name: row[name] for name in Wishes.__slots__})
