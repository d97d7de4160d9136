"""PostgreSQL: the pool, the embedded server, migrations and named queries."""

from .database import Connection, Database, connect
from .embedded import EmbeddedPostgres
from .migrations import migrate
from .sql import load_queries

__all__ = ["Connection", "Database", "EmbeddedPostgres", "connect", "load_queries", "migrate"]
