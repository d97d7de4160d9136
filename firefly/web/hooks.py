"""Hooks of providers at /hooks/<provider>/<project id>, and at /hooks/github that of the GitHub App, for all projects.

Anybody may call, so nothing is said to who is not known.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from aiohttp import web

from firefly.addresses import network_of
from firefly.builds.hooks.receiving import LARGEST
from firefly.errors import InvalidInput, RateLimited, TimedOut
from firefly.git.providers import PROVIDERS
from firefly.git.providers.signatures import Refused, is_signed
from firefly.pace import Pace
from firefly.rota import Crowded, Rota

from .context import client_address
from .routing import read_limited
from .services import services_of

# A body that takes longer than this to come is none of a provider's; nor is one that is slower, in bytes a second, than
# the lines of theirs are, after so many seconds.
READING, PATIENCE, SLOWEST = 60.0, 5.0, 128 << 10
SMALL = 256 << 10
# Larger ones that are in memory at one time, and those of one network; others wait less long than providers do.
LARGE_ONES, OF_ONE = 16, 4
WAITING, WITHIN = 16, 8.0
TURNS: web.AppKey[Rota] = web.AppKey("hook_turns", Rota)


def set_up_hooks(app: web.Application) -> None:
    app[TURNS] = Rota(LARGE_ONES, each=OF_ONE, waiting=WAITING, within=WITHIN)
    app.router.add_post(f"/hooks/{{provider:{'|'.join(PROVIDERS)}}}/{{project}}", receive)
    app.router.add_post("/hooks/github", receive_of_app)


async def receive(request: web.Request) -> web.Response:
    """202 once it is in the database: received, ignored, or here before."""
    provider = request.match_info["provider"]
    headers = _headers(request, provider)
    async with _turn(request):
        body = await _body(request)
        taken = await services_of(request).provider_hooks.receive(provider, _project(request), headers, body)
    return web.json_response({"id": str(taken.id) if taken.id else None, "state": taken.state}, status=202)


async def receive_of_app(request: web.Request) -> web.Response:
    """202 once each project that it concerns has it in the database."""
    headers = _headers(request, "github")
    async with _turn(request):
        taken = await services_of(request).app_hooks.receive(headers, await _body(request))
    return web.json_response({"state": taken.state, "projects": taken.projects}, status=202)


def _headers(request: web.Request, provider: str) -> dict[str, str]:
    """Raises Refused where there is no signature, so that nobody has to read the body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not is_signed(provider, headers):
        raise Refused
    return headers


@asynccontextmanager
async def _turn(request: web.Request) -> AsyncIterator[None]:
    """So many large bodies are in memory at a time, so many of each sender. Raises RateLimited."""
    if request.content_length is not None and request.content_length <= SMALL:
        yield
        return
    try:
        async with request.config_dict[TURNS].turn(network_of(client_address(request))):
            yield
    except Crowded as error:
        raise RateLimited("Too many large deliveries come at one time. Send it again.", retry_after=WITHIN) from error


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(READING):
            body = await read_limited(request, LARGEST, Pace(PATIENCE, SLOWEST))
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
