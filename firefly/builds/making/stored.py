"""The configuration that a project keeps in its settings."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from firefly.protocol.manifest import Manifest, check, read
from firefly.store import Database, load_queries

_NAME = "The configuration in the project's settings"


@dataclass(frozen=True, slots=True)
class Stored:
    """As text, where there is one. `forced`: it comes before the repository's."""

    text: str | None
    forced: bool

    @classmethod
    async def of(cls, project_id: UUID, database: Database) -> Self:
        async with database.connection() as connection:
            row = await load_queries("making").stored_configuration(connection, project_id=project_id)
        return cls(row["configuration"], row["configuration_forced"]) if row else cls(None, False)

    def manifest(self) -> Manifest | None:
        """Raises ManifestError, which names the line."""
        return check(*read(self.text, _NAME), _NAME) if self.text is not None else None
