"""Where a provider's page sends people back to."""

from urllib.parse import urlencode

from aiohttp import web

from firefly.linking.offers import CALLBACK

from ..context import require_identity
from ..services import services_of


def set_up_connections(app: web.Application) -> None:
    app.router.add_get(CALLBACK, come_back)


async def come_back(request: web.Request) -> web.StreamResponse:
    """The state in it was given to this session alone, so nobody is led to connect another's account."""
    made, following = await services_of(request).connections.complete(require_identity(request), request.query)
    separator = "&" if "?" in following else "?"
    raise web.HTTPSeeOther(f"{following}{separator}{urlencode({'connected': made.provider})}")
