"""The aiohttp application: services in, routes and middlewares wired, nothing started elsewhere."""

import asyncio
from functools import cache

from aiohttp import web

from .api import OPERATIONS
from .assets import set_up_assets
from .authentication import set_session_cookies
from .content import content_host, set_up_content
from .events import EVENT_HUB, EventHub, run_event_hub
from .git import set_up_git
from .hooks import set_up_hooks
from .middleware import MIDDLEWARES, set_common_fields
from .openapi import openapi_document
from .pages.routes import set_up_pages
from .security import set_security_fields
from .services import SERVICES, Services
from .streams import STREAMS, OpenStreams, close_streams
from .templating import set_up_templates
from .turns import LOG_TURNS, Turns
from .wellknown import set_up_wellknown
from .workspaces import BRIDGES, Bridges, close_bridges

__all__ = ["Services", "create_application"]

# Forms and JSON are read with limits of their own; nothing else is ever read whole.
LARGEST_FORM = 64 * 1024


def create_application(services: Services) -> web.Application:
    """The app that the front door reaches by the internal unix socket. It owns no part that it is given."""
    app = web.Application(middlewares=[*MIDDLEWARES, content_host], client_max_size=LARGEST_FORM)
    app[SERVICES] = services
    app[EVENT_HUB] = EventHub(services)
    app[STREAMS] = OpenStreams()
    app[LOG_TURNS] = Turns()
    services.revocations.on_record(app[STREAMS].end)
    app[BRIDGES] = Bridges(services.keeper)
    app.on_response_prepare.extend([set_common_fields, set_security_fields, set_session_cookies])
    app.on_shutdown.append(close_streams)
    app.cleanup_ctx.extend([run_event_hub, close_bridges])
    set_up_templates(app)
    set_up_content(app)
    set_up_api(app)
    set_up_git(app)
    set_up_hooks(app)
    set_up_assets(app)
    set_up_wellknown(app)
    set_up_pages(app)
    return app


def set_up_api(app: web.Application) -> None:
    for operation in OPERATIONS:
        app.router.add_route(operation.method, operation.full_path, operation.__call__)

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(_document), content_type="application/json")

    app.router.add_get("/api/v1/openapi.json", openapi)


@cache
def _document() -> bytes:
    """Made when it is first asked for, once in a process: every start of a server would wait for it."""
    return openapi_document(OPERATIONS)
