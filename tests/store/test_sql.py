"""Named queries: every file is readable, and every query is one that the migrated database understands."""

import re

import pytest

from firefly.store import Database, load_queries
from firefly.store.sql import FOLDER

DOMAINS = sorted(path.stem for path in FOLDER.glob("*.sql"))


def names(domain: str) -> list[str]:
    text = (FOLDER / f"{domain}.sql").read_text()
    return re.findall(r"^-- *name: *(\w+)", text, flags=re.MULTILINE)


@pytest.mark.parametrize("domain", DOMAINS)
async def test_every_query_fits_the_schema(domain: str, database: Database) -> None:
    queries = load_queries(domain)
    assert names(domain)
    async with database.connection() as connection:
        for name in names(domain):
            statement = getattr(queries, name).sql
            assert await connection.prepare(statement), name


def test_a_domain_is_read_once() -> None:
    assert load_queries("auth") is load_queries("auth")
