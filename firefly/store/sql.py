"""Named queries: each domain's SQL stands in `queries/<domain>.sql`, read once."""

from functools import cache
from pathlib import Path
from typing import Any

import aiosql

FOLDER = Path(__file__).with_name("queries")


@cache
def load_queries(domain: str) -> Any:
    """The queries of `queries/<domain>.sql` as coroutine methods: `await q.get_thing(connection, id=…)`.

    Name suffixes, as aiosql has them: none → async iterator of rows, `^` one row or None, `$` one value, `!` the
    command's status, `<!` what RETURNING gives. `:name` is a parameter; jsonb goes in and out as Python values.
    """
    return aiosql.from_path(FOLDER / f"{domain}.sql", "asyncpg", mandatory_parameters=False)
