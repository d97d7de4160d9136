"""What the app serves on content hosts: the ends there of the round trip that opens a private preview, and its doors.

The visitor's browser keeps a nonce for the preview's host, goes to the app, which knows who it is, and comes back
with a one-time ticket bound to that nonce, which is exchanged for a grant: a cookie of this host alone. Whoever has no
account here finds the other doors at `/.firefly/access`. Nothing here depends on whether the host exists: that is told
only to those who may know.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from aiohttp import hdrs, web

from firefly.access import NOBODYS, Place, Visitor
from firefly.access.cookies import GRANT_COOKIE, NONCE_COOKIE, ROUND_COOKIE, set_cookie
from firefly.auth import Grant, PreviewGrants
from firefly.errors import FireflyError

from .context import HostKind, client_address, host_kind
from .security import CSP
from .services import services_of
from .sisters import may_pass_through, pass_through

NONCE_LIFETIME, ROUND_LIFETIME = 600, 5
OWN_PREFIX = "/.firefly/"
ENTER, SIGN_IN = "/.firefly/enter", "/.firefly/sign-in"
NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
REFUSED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{detail}</p></html>"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doors(dict[tuple[str, str], Handler]):
    """By method and path; a path that ends in a slash stands for all right below it."""


DOORS: web.AppKey[Doors] = web.AppKey("doors", Doors)


def set_up_content(app: web.Application) -> None:
    app[DOORS] = Doors({(hdrs.METH_GET, ENTER): enter, (hdrs.METH_GET, SIGN_IN): begin})


@web.middleware
async def content_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """On content hosts nothing of the app's own routes exists."""
    if host_kind(request) is HostKind.APP:
        return await handler(request)
    response = await _door(request)(request)
    ancestors = f"frame-ancestors 'self' {services_of(request).settings.url}"
    own = "style-src 'unsafe-inline'; form-action 'self'"
    response.headers.setdefault(CSP, f"default-src 'none'; base-uri 'none'; {own}; {ancestors}")
    return response


def _door(request: web.Request) -> Handler:
    path = request.path
    if not path.startswith(OWN_PREFIX):
        return begin
    folder = path[: path.rindex("/") + 1]
    doors = request.config_dict[DOORS]
    return doors.get((request.method, path)) or doors.get((request.method, folder)) or nothing


async def nothing(request: web.Request) -> web.StreamResponse:
    return _refused(404, "Nothing to see here", "There is no such page, or it is not for you.")


def bare_host(host: str) -> str:
    """As routes have it: in small letters, without a port."""
    return host.lower().partition(":")[0]


def safe_path(given: str | None) -> str:
    """A path of this very host to go to; never another host, never our own addresses again."""
    path = given or "/"
    is_local = path.startswith("/") and not path.startswith(("//", "/\\", OWN_PREFIX)) and path.isprintable()
    return path if is_local and len(path) <= 2000 else "/"


def place_of(request: web.Request) -> Place:
    """The host that was asked for, whether or not anything is there."""
    return place_at(request, request.host)


def place_at(request: web.Request, wanted: str) -> Place:
    """Another host, likewise."""
    route = services_of(request).routes.find(wanted.lower().encode("ascii", "replace"))
    host = bare_host(wanted)[:255]
    if route is None or route.project_id is None:
        return Place(host)
    return Place(host, route.project_id, route.policy_version)


def is_open(request: web.Request, host: str) -> bool:
    """Whether a host shows something of a project: there is a route, which leads nowhere else."""
    route = services_of(request).routes.find(host.encode("ascii", "replace"))
    return route is not None and route.project_id is not None and route.redirect_to is None


def visitor_of(request: web.Request) -> Visitor:
    return Visitor(client_address(request), request.headers.get(hdrs.USER_AGENT, ""))


async def begin(request: web.Request) -> web.StreamResponse:
    """Send a browser that navigates here over to the app, with a nonce of this host to come back by."""
    if request.method != hdrs.METH_GET or not navigates(request):
        return await nothing(request)
    own = request.path.startswith(OWN_PREFIX)
    wanted = safe_path(request.query.get("to") if own else request.rel_url.raw_path_qs)
    if not own and (again := await _reopen(request, wanted)) is not None:
        return again
    kept = request.cookies.get(NONCE_COOKIE, "")
    nonce = kept if NONCE.fullmatch(kept) else secrets.token_urlsafe(32)
    query = {"host": request.host.lower(), "nonce": PreviewGrants.hash_nonce(nonce).hex(), "to": wanted}
    if own:
        query["sign_in"] = "1"
    response = web.Response(status=302)
    response.headers[hdrs.LOCATION] = f"{services_of(request).settings.url}/auth/preview?{urlencode(query)}"
    add_cookie(response, NONCE_COOKIE, nonce, NONCE_LIFETIME)
    return response


async def _reopen(request: web.Request, wanted: str) -> web.StreamResponse | None:
    """A visitor whose cookie has expired while the grant stands gets another; so does one who lacks a sister host's."""
    kept, place = request.cookies.get(GRANT_COOKIE, "").encode("utf-8", "replace"), place_of(request)
    if not kept or place.project_id == NOBODYS:
        return None
    services, asked = services_of(request), (kept, place.project_id, place.policy_version)
    grant = await services.access.visits.reopen(*asked, visitor_of(request))
    if grant is not None:
        return await let_in(request, grant, wanted)
    known = services.grants.verify(*asked)
    if known is None or not may_pass_through(request) or ROUND_COOKIE in request.cookies:
        return None
    response = await let_in(request, services.grants.renew(known), wanted)
    # Who comes again at once was not sent here for that.
    add_cookie(response, ROUND_COOKIE, "1", ROUND_LIFETIME)
    return response


def navigates(request: web.Request) -> bool:
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get(hdrs.ACCEPT, "")


async def enter(request: web.Request) -> web.StreamResponse:
    """Take the ticket and the nonce, give the grant."""
    nonce = request.cookies.get(NONCE_COOKIE)
    if not nonce:
        return _refused(
            403,
            "The preview could not be opened",
            "Your browser did not keep the cookie that opens it. Allow cookies for this site, then reload the preview.",
        )
    try:
        grant = await services_of(request).access.entrances.by_ticket(
            request.query.get("ticket", ""), place_of(request), nonce, visitor_of(request)
        )
    except FireflyError:
        return _refused(403, "The preview could not be opened", "The way in was used or took too long. Open it again.")
    response = await let_in(request, grant, safe_path(request.query.get("to")))
    add_cookie(response, NONCE_COOKIE, "", 0)
    return response


async def let_in(request: web.Request, grant: Grant, to: str) -> web.Response:
    """On to `to` of this host, with the grant; in a browser by way of the project's other hosts."""
    grants, sisters = services_of(request).grants, services_of(request).access.sisters
    place = place_of(request)
    await sisters.note(place)
    hosts = await sisters.of(place) if may_pass_through(request) else []
    port = services_of(request).settings.content_port
    known = [host + port for host in hosts if is_open(request, host)]
    response = pass_through(request, known, to) if known else _see_other(to)
    add_cookie(response, GRANT_COOKIE, grants.seal(grant), grants.remaining(grant))
    return response


def _see_other(to: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: to, "Referrer-Policy": "no-referrer"})


def add_cookie(response: web.Response, name: str, value: str, max_age: int) -> None:
    # Python 3.11 cannot write Partitioned.
    response.headers.add(hdrs.SET_COOKIE, set_cookie(name, value, max_age))


def _refused(status: int, title: str, detail: str) -> web.Response:
    return web.Response(status=status, text=REFUSED.format(title=title, detail=detail), content_type="text/html")
