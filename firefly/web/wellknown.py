"""For machines: are you alive, are you ready, your numbers, your keys."""

from aiohttp import web

from firefly.errors import NotFound

from .metrics import metrics
from .reach import reach
from .services import services_of


def set_up_wellknown(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/.well-known/jwks.json", jwks)
    app.router.add_get("/.well-known/firefly", reach)
    app.router.add_get("/.well-known/acme-challenge/{token}", proof)


async def healthz(_request: web.Request) -> web.Response:
    """The process answers; nothing else is asked."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """503 while the database is away: a load balancer then sends visitors elsewhere.

    The store of artifacts, which all servers have together, is only told of: elsewhere is no better.
    """
    services = services_of(request)
    available = services.database.available
    body = {
        "status": "ready" if available else "waiting",
        "database": "ok" if available else "away",
        "artifacts": "ok" if services.artifacts.available else "away",
    }
    return web.json_response(body, status=200 if available else 503)


async def jwks(request: web.Request) -> web.Response:
    """The public halves of the keys that sign sessions."""
    return web.json_response(services_of(request).keys.jwks(), headers={"Cache-Control": "public, max-age=300"})


async def proof(request: web.Request) -> web.Response:
    """To authorities that ask whether a host is ours (RFC 8555, 8.3)."""
    found = services_of(request).proofs.get(request.match_info["token"])
    if found is None:
        raise NotFound("No proof of this name is offered here.")
    return web.Response(body=found.encode(), content_type="application/octet-stream")
