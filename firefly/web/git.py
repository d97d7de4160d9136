"""git's smart HTTP at /git/<owner>/<name>.git, with an API token as the password."""

import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, aclosing
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from firefly.addresses import network_of
from firefly.errors import Forbidden, InvalidInput, Moved, NotFound, TooLarge, Unauthenticated
from firefly.git import Service
from firefly.projects import Action, Project

from .context import client_address, identity_of
from .services import services_of
from .turns import GIT_TURNS, Turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PREFIX = r"/git/{owner}/{name:[^/]+?}.git"
ACTIONS = {Service.UPLOAD_PACK: Action.FETCH, Service.RECEIVE_PACK: Action.PUSH}
# What a push may hold once it is unpacked: compressed bodies must not become bombs.
LARGEST_PUSH = 2 << 30
# The server may have decompressed the body already. What git sends plain begins with hexadecimal digits.
GZIP = b"\x1f\x8b"
NEVER_CACHED = {hdrs.CACHE_CONTROL: "no-cache, max-age=0, must-revalidate", hdrs.PRAGMA: "no-cache"}
CHALLENGE = {hdrs.WWW_AUTHENTICATE: 'Basic realm="Firefly: any name, an API token as the password"'}


def set_up_git(app: web.Application) -> None:
    app[GIT_TURNS] = Turns()
    app.router.add_get(f"{PREFIX}/info/refs", advertise)
    app.router.add_post(f"{PREFIX}/{{service:git-(?:upload|receive)-pack}}", serve)


async def advertise(request: web.Request) -> web.StreamResponse:
    service = _service(request.query.get("service", ""))
    project = await _authorise(request, service)
    protocol = _protocol(request)
    with _turn(request):
        stream = services_of(request).smart_http.advertise(project.id, service, protocol=protocol)
        return await _send(request, stream, f"application/x-{service.value}-advertisement")


async def serve(request: web.Request) -> web.StreamResponse:
    service = _service(request.match_info["service"])
    project = await _authorise(request, service)
    if request.content_type != f"application/x-{service.value}-request":
        raise InvalidInput(f"The content type must be application/x-{service.value}-request.")
    identity = identity_of(request)
    with _turn(request):
        stream = services_of(request).smart_http.serve(
            project.id,
            service,
            unpacked(request),
            protocol=_protocol(request),
            pusher_id=identity.account.id if identity else None,
        )
        return await _send(request, stream, f"application/x-{service.value}-result")


def _turn(request: web.Request) -> AbstractContextManager[None]:
    """git waits for slow callers with a process each. Raises RateLimited."""
    identity = identity_of(request)
    network = network_of(client_address(request))
    return request.config_dict[GIT_TURNS].taken(identity.account.id if identity else None, network)


def _service(name: str) -> Service:
    try:
        return Service(name)
    except ValueError:
        raise Forbidden("Only git's smart protocol is spoken here. Use a newer git.") from None


def _protocol(request: web.Request) -> str:
    field = request.headers.get("Git-Protocol", "")
    return field if len(field) <= 100 and all(c.isalnum() or c in "=:-." for c in field) else ""


async def _authorise(request: web.Request, service: Service) -> Project:
    """The project. To somebody who is not signed in every project asks for a password, existing or not."""
    identity = identity_of(request)
    owner, name = request.match_info["owner"], request.match_info["name"]
    try:
        return await services_of(request).projects.get(identity, owner, name, ACTIONS[service])
    except Moved as moved:
        rest = request.rel_url.raw_path.split(".git/", 1)[1]
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        raise web.HTTPPermanentRedirect(f"/git/{moved.location}.git/{rest}{query}") from None
    except (NotFound, Unauthenticated):
        if identity is None:
            raise web.HTTPUnauthorized(headers=CHALLENGE, text="Use an API token as the password.\n") from None
        raise


async def unpacked(request: web.Request) -> AsyncIterator[bytes]:
    """The body, gunzipped where it still is compressed. Raises InvalidInput, TooLarge."""
    inflate: zlib._Decompress | None = None
    size = 0
    async for part in request.content.iter_any():
        if size == 0 and inflate is None and part.startswith(GZIP):
            inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        for piece in _inflated(inflate, part) if inflate else (part,):
            size += len(piece)
            if size > LARGEST_PUSH:
                raise TooLarge(f"The push holds more than {LARGEST_PUSH} bytes.", limit=LARGEST_PUSH)
            yield piece


def _inflated(inflate: "zlib._Decompress", part: bytes) -> "list[bytes]":
    pieces: list[bytes] = []
    try:
        while part:
            pieces.append(inflate.decompress(part, 1 << 20))
            part = inflate.unconsumed_tail
    except zlib.error:
        raise InvalidInput("The body is not gzip, though it says so.") from None
    return pieces


async def _send(request: web.Request, stream: "AsyncGenerator[bytes, None]", kind: str) -> web.StreamResponse:
    """Begin to answer only when git has begun, so that what it refuses at once is a plain error."""
    async with aclosing(stream):
        first = await anext(stream, b"")
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind, **NEVER_CACHED})
        await response.prepare(request)
        await response.write(first)
        async for part in stream:
            await response.write(part)
    await response.write_eof()
    return response
