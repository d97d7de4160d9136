"""The front door: listens, owns connections, pool and timers, and is taken down in order."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from firefly.routes import RouteTable, Target

from .dialer import Dialer
from .gate import Gate
from .limits import Limits
from .pages import Pages


class FrontDoor:
    """One listening address in front of the app and all previews.

    Parameters
    ----------
    table: hosts below the content domain; the app's own host needs no entry
    app_path: the unix socket that the application listens on
    app_url: how users reach the app, `settings.url`
    content_domain: as in the setting, with its port
    trusted_proxies: addresses and networks whose X-Forwarded-* are believed
    tunnels: redeems the handles of `X-Firefly-Tunnel`: `Tunnels.take`
    """

    def __init__(
        self,
        *,
        table: RouteTable,
        gate: Gate,
        dialer: Dialer,
        app_path: Path,
        app_url: str,
        content_domain: str,
        pages: Pages | None = None,
        trusted_proxies: Sequence[str] = (),
        limits: Limits | None = None,
        tunnels: Callable[[str], Target | None] = lambda handle: None,
    ) -> None: ...

    async def start(self, *, host: str | None = None, port: int = 0, sock: socket.socket | None = None) -> int:
        """Listen on an address or on a socket that already listens; returns the port. Raises OSError."""
        raise NotImplementedError

    async def close(self, *, drain: float = 10) -> None:
        """Stop listening, let what runs end within `drain` seconds, cut off the rest."""

    @property
    def counters(self) -> dict[str, int]:
        """For /metrics: requests, refused, errors, connections, tunnels, pooled, dialed, retried."""
        raise NotImplementedError
