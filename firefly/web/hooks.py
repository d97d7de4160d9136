"""Hooks of providers at /hooks/<provider>/<project id>, and at /hooks/github that of the GitHub App, for all projects.

Anybody may call, so nothing is said to who is not known.
"""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID, uuid4

from aiohttp import web

from firefly.builds.hooks.receiving import LARGEST
from firefly.errors import InvalidInput, TimedOut
from firefly.git.providers import PROVIDERS
from firefly.git.providers.signatures import Refused, is_signed

from .routing import read_limited
from .services import services_of
from .turns import HOOK_TURNS, Turns

# A body that takes longer than this to come is none of a provider's.
READING = 60.0
SMALL = 256 << 10


def set_up_hooks(app: web.Application) -> None:
    app[HOOK_TURNS] = Turns()
    app.router.add_post(f"/hooks/{{provider:{'|'.join(PROVIDERS)}}}/{{project}}", receive)
    app.router.add_post("/hooks/github", receive_of_app)


async def receive(request: web.Request) -> web.Response:
    """202 once it is in the database: received, ignored, or here before."""
    provider = request.match_info["provider"]
    headers = _headers(request, provider)
    with _turn(request):
        body = await _body(request)
        taken = await services_of(request).provider_hooks.receive(provider, _project(request), headers, body)
    return web.json_response({"id": str(taken.id) if taken.id else None, "state": taken.state}, status=202)


async def receive_of_app(request: web.Request) -> web.Response:
    """202 once each project that it concerns has it in the database."""
    headers = _headers(request, "github")
    with _turn(request):
        taken = await services_of(request).app_hooks.receive(headers, await _body(request))
    return web.json_response({"state": taken.state, "projects": taken.projects}, status=202)


def _headers(request: web.Request, provider: str) -> dict[str, str]:
    """Raises Refused where there is no signature, so that nobody has to read the body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not is_signed(provider, headers):
        raise Refused
    return headers


def _turn(request: web.Request) -> AbstractContextManager[None]:
    """So many large bodies are in memory at a time. Raises RateLimited."""
    small = request.content_length is not None and request.content_length <= SMALL
    return nullcontext() if small else request.config_dict[HOOK_TURNS].taken(None)


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(READING):
            body = await read_limited(request, LARGEST)
    except TimeoutError as error:
        raise TimedOut("The body takes too long.") from error
    if not body:
        raise InvalidInput("There is no body.")
    return body


def _project(request: web.Request) -> UUID:
    """What is no id belongs to nobody: it is refused as any other that is not known."""
    try:
        return UUID(request.match_info["project"])
    except ValueError:
        return uuid4()
