"""The hosts of sites, for tests of what routes them."""

from firefly.builds.sites import SiteHosts, SiteRecords
from firefly.clock import SystemClock
from firefly.routes.store import RouteStore
from firefly.store import Database
from firefly.testing.bus import MemoryBus


def site_hosts(database: Database, store: RouteStore) -> SiteHosts:
    records = SiteRecords(database, MemoryBus(), SystemClock(), domain="preview.localhost")
    return SiteHosts(records, store)
