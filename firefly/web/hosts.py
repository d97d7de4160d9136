"""Hosts of the route table as browsers name them, with a port."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from . import urls

if TYPE_CHECKING:
    from firefly.routes import Route

    from .services import Services

ROUND_TRIP = "/auth/preview"


def route_named(services: "Services", host: str) -> "Route | None":
    """By the whole host, to the letter: `a.preview:@b.preview` would send the ticket for a to b."""
    route = services.routes.find(host.encode("ascii", "replace"))
    return route if route is not None and host == route.host + services.settings.content_port else None


def custom_origin(services: "Services", path: object) -> str:
    """The origin of the custom domain that a path of ours leads on to by the round trip; empty where it does not."""
    parts = urls.split(path if isinstance(path, str) else "")
    host = parse_qs(parts.query).get("host", [""])[0].lower() if parts.path == ROUND_TRIP else ""
    if not host or host.endswith(f".{services.settings.content_domain}") or route_named(services, host) is None:
        return ""
    return f"{services.settings.scheme}://{host}"
