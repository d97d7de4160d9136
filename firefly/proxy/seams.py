"""What a front door is given: what it knows of the world, and by whom it asks and reaches it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from firefly.routes import Target

from .dialer import Dialer
from .forwarded import TrustedProxies
from .gate import Gate
from .hosts import Hosts
from .journal import Journal
from .limits import Limits
from .pages import Pages

Redeem: TypeAlias = Callable[[str], Awaitable[Target | None]]


@dataclass(kw_only=True, eq=False)
class Seams:
    """`announced`: connections begin with a trusted proxy's word about who comes."""

    hosts: Hosts
    gate: Gate
    dialer: Dialer
    app_path: Path
    pages: Pages
    proxies: TrustedProxies
    announced: bool
    limits: Limits
    redeem: Redeem
    journal: Journal

    def __post_init__(self) -> None:
        """For what is built on them."""
