"""A store of routes on a real PostgreSQL, and its table."""

import pytest

from firefly.bus import Bus
from firefly.routes import RouteTable
from firefly.routes.store import RouteStore
from firefly.store import Database


@pytest.fixture
def table() -> RouteTable:
    return RouteTable()


@pytest.fixture
def store(database: Database, bus: Bus, table: RouteTable) -> RouteStore:
    return RouteStore(database, bus, table)
