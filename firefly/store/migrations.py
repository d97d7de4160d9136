"""Brings the database to the schema of this version: numbered .sql files, once each, under a lock."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import structlog

from ..errors import Conflict, InvalidInput
from .database import Connection, Database, is_closed

log = structlog.get_logger()

# Any number will do, as long as every Firefly takes the same one.
LOCK = 0x46697265666C79
LOCK_LIMIT, MIGRATION_LIMIT = 600.0, 3600.0
NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
TABLE = """CREATE TABLE IF NOT EXISTS migrations (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now())"""


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read(folder: Path) -> list[Migration]:
    """The migrations of `folder` in order. Raises InvalidInput on a name that is no migration's, or a number twice."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = NAME.fullmatch(path.name)
        if match is None:
            raise InvalidInput(f"{path.name} is not named like a migration: NNNN_name.sql")
        number = int(match[1])
        if number in found:
            raise InvalidInput(f"{path.name} and {found[number].name} have the same number")
        found[number] = Migration(number, path.name, path.read_text(encoding="utf-8"))
    return list(found.values())


async def migrate(db: Database, folder: Path) -> list[str]:
    """Apply what is missing, each in a transaction of its own, and return the names.

    Several Fireflies may start at once: one works, the others wait. Raises Conflict when a file was changed after it
    ran, is gone, or is older than one that ran. Migrations of a newer version are left alone: they only ever add.
    """
    migrations = read(folder)
    async with db.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=LOCK_LIMIT)
        try:
            await connection.execute(TABLE)
            missing = check(migrations, await _applied(connection))
            for migration in missing:
                await _apply(connection, migration)
        finally:
            if not is_closed(connection):
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
    return [migration.name for migration in missing]


def check(migrations: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Which of `migrations` are missing from `applied` (number → checksum); raises Conflict where they disagree."""
    known = {migration.number for migration in migrations}
    newest = max(known, default=0)
    gone = [number for number in applied if number not in known and number < newest]
    if gone:
        raise Conflict(f"Migration {gone[0]:04} ran on this database but is not among the files.")
    for migration in migrations:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise Conflict(f"{migration.name} was changed after it ran. Add a new migration instead.")
    missing = [migration for migration in migrations if migration.number not in applied]
    if missing and missing[0].number < max(applied, default=0):
        raise Conflict(f"{missing[0].name} is older than a migration that already ran. Give it a new number.")
    return missing


async def _applied(connection: Connection) -> dict[int, str]:
    rows = await connection.fetch("SELECT number, checksum FROM migrations")
    return {row["number"]: row["checksum"] for row in rows}


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql, timeout=MIGRATION_LIMIT)
        await connection.execute(
            "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
            *(migration.number, migration.name, migration.checksum),
        )
    log.info("migration.applied", name=migration.name)
