"""The one authority on who reaches what: host -> target -> access, in PostgreSQL and mirrored in memory.

`firefly.routes.store.RouteStore` is imported by its module, so that the front door does not load a database driver.
"""

from .route import Access, AppTarget, BridgeTarget, Health, PagesTarget, Route, SandboxTarget, Spread, Target
from .table import RouteTable

__all__ = [
    "Access",
    "AppTarget",
    "BridgeTarget",
    "Health",
    "PagesTarget",
    "Route",
    "RouteTable",
    "SandboxTarget",
    "Spread",
    "Target",
]
