"""What every request passes through, outermost first: request id, problems, origin, identity."""

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web

from firefly.errors import FireflyError, Moved, NotFound, TooManySandboxes
from firefly.log import REQUEST_ID_HEADER, bind_request, shown_path

from . import problems
from .authentication import identify
from .context import IDENTITY, REQUEST_ID, HostKind, host_kind, identity_of, make_request_id
from .crowds import offer_to_stop
from .csrf import check_origin
from .pages.errors import error_page, wants_page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()

QUIET = ("/healthz", "/readyz", "/metrics", "/assets/")
OPEN = ("/healthz", "/readyz", "/assets/")


@web.middleware
async def give_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One id from the front door to the bridge, on every line of the log and in every answer."""
    request[REQUEST_ID] = make_request_id(request)
    bind_request(request[REQUEST_ID])
    began = time.monotonic()
    response = await handler(request)
    if not request.path.startswith(QUIET):
        took = round((time.monotonic() - began) * 1000, 1)
        # The front door has a line of its own for each request.
        log.debug(
            "request.answered", method=request.method, path=shown_path(request.path), status=response.status, ms=took
        )
    return response


async def set_common_fields(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, streamed ones too, at the moment when its head is sent."""
    if request_id := request.get(REQUEST_ID):
        response.headers[REQUEST_ID_HEADER] = request_id


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise into a problem document or, for a browser's navigation, a page."""
    try:
        return await handler(request)
    except FireflyError as error:
        if isinstance(error, TooManySandboxes):
            await offer_to_stop(request, error)
        return _refuse(request, error)
    except web.HTTPException as error:
        return _redirect(error) if error.status < 400 else _refuse_http(request, error)
    except ConnectionResetError:
        raise
    except Exception as error:
        log.exception(
            "request.failed", method=request.method, path=shown_path(request.path), error=type(error).__name__
        )
        return _answer(request, problems.unexpected(request[REQUEST_ID]), {})


def _redirect(error: web.HTTPException) -> web.StreamResponse:
    return web.Response(status=error.status, headers={hdrs.LOCATION: error.headers[hdrs.LOCATION]})


def _refuse(request: web.Request, error: FireflyError) -> web.StreamResponse:
    body = problems.document(error, instance=request.path, request_id=request[REQUEST_ID])
    fields = problems.headers_of(error)
    if isinstance(error, Moved):
        fields[hdrs.LOCATION] = _moved_address(request, error)
    return _answer(request, body, fields)


def _moved_address(request: web.Request, error: Moved) -> str:
    """The address that was asked for, with the project's new name in the place of its old one."""
    old = f"/{request.match_info.get('owner', '')}/{request.match_info.get('name', '')}"
    return request.rel_url.raw_path_qs.replace(old, f"/{error.location}", 1)


def _refuse_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    kept: dict[str, str] = {
        name: error.headers[name] for name in (hdrs.ALLOW, hdrs.WWW_AUTHENTICATE) if name in error.headers
    }
    more = {"instance": request.path, "request_id": request[REQUEST_ID]}
    return _answer(request, problems.from_http(error) | more, kept)


def _answer(request: web.Request, body: dict[str, object], fields: dict[str, str]) -> web.StreamResponse:
    status = int(str(body["status"]))
    if wants_page(request):
        return error_page(request, body, fields)
    return web.json_response(body, status=status, headers=fields, content_type=problems.CONTENT_TYPE)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks. Content hosts never see the app's session: there nobody is signed in."""
    anonymous = host_kind(request) is HostKind.CONTENT or request.path.startswith(OPEN)
    request[IDENTITY] = None if anonymous else await identify(request)
    return await handler(request)


@web.middleware
async def refuse_forgeries(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A request that a cookie authenticates, or that would set one, must come from our own pages."""
    if host_kind(request) is HostKind.APP:
        check_origin(request, identity_of(request))
    return await handler(request)


@web.middleware
async def refuse_nulls(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No name has one, nor any word that is looked for: the database takes none."""
    if "%00" in request.rel_url.raw_path_qs:
        raise NotFound("There is nothing here: no address of ours has a NUL in it.")
    return await handler(request)


MIDDLEWARES = (give_request_id, tell_problems, refuse_nulls, authenticate, refuse_forgeries)
