"""What the app serves on content hosts: the two ends there of the round trip that opens a private preview.

The visitor's browser keeps a nonce for the preview's host, goes to the app, which knows who it is, and comes back
with a one-time ticket bound to that nonce, which is exchanged for a grant: a cookie of this host alone. Nothing here
depends on whether the host exists: that is told only to those who may know.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from aiohttp import hdrs, web

from firefly.auth import PreviewGrants
from firefly.errors import FireflyError

from .context import HostKind, host_kind
from .security import CSP
from .services import services_of

NONCE_COOKIE = "__Host-firefly-nonce"
GRANT_COOKIE = "__Host-firefly-grant"
NONCE_LIFETIME = 600
ENTER = "/.firefly/enter"
OWN_PREFIX = "/.firefly/"
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
REFUSED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{detail}</p></html>"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def content_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """On content hosts nothing of the app's own routes exists."""
    if host_kind(request) is HostKind.APP:
        return await handler(request)
    response = await (enter(request) if request.path == ENTER else begin(request))
    ancestors = f"frame-ancestors 'self' {services_of(request).settings.url}"
    response.headers[CSP] = f"default-src 'none'; base-uri 'none'; form-action 'none'; {ancestors}"
    return response


def bare_host(host: str) -> str:
    """As routes have it: in small letters, without a port."""
    return host.lower().partition(":")[0]


def safe_path(given: str | None) -> str:
    """A path of this very host to go to; never another host, never our own addresses again."""
    path = given or "/"
    is_local = path.startswith("/") and not path.startswith(("//", "/\\", OWN_PREFIX)) and path.isprintable()
    return path if is_local and len(path) <= 2000 else "/"


async def begin(request: web.Request) -> web.StreamResponse:
    """Send a browser that navigates here over to the app, with a nonce of this host to come back by."""
    if request.method != hdrs.METH_GET or not _navigates(request):
        return _refused(404, "Nothing to see here", "There is no such page, or it is not for you.")
    own = request.path.startswith(OWN_PREFIX)
    wanted = request.query.get("to") if own else request.rel_url.raw_path_qs
    kept = request.cookies.get(NONCE_COOKIE, "")
    nonce = kept if _NONCE.fullmatch(kept) else secrets.token_urlsafe(32)
    query = {"host": request.host.lower(), "nonce": PreviewGrants.hash_nonce(nonce).hex(), "to": safe_path(wanted)}
    response = web.Response(status=302)
    response.headers[hdrs.LOCATION] = f"{services_of(request).settings.url}/auth/preview?{urlencode(query)}"
    _set(response, NONCE_COOKIE, nonce, NONCE_LIFETIME)
    return response


def _navigates(request: web.Request) -> bool:
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
        value = await services_of(request).grants.redeem_ticket(
            request.query.get("ticket", ""), host=bare_host(request.host), nonce=nonce
        )
    except FireflyError:
        return _refused(403, "The preview could not be opened", "The way in was used or took too long. Open it again.")
    response = web.Response(status=303)
    response.headers[hdrs.LOCATION] = safe_path(request.query.get("to"))
    _set(response, GRANT_COOKIE, value, None)
    _set(response, NONCE_COOKIE, "", 0)
    return response


def _set(response: web.Response, name: str, value: str, max_age: int | None) -> None:
    """Kept per frame's top site, sent in frames, never for another host. Python 3.11 cannot write Partitioned."""
    age = "" if max_age is None else f"; Max-Age={max_age}"
    response.headers.add(hdrs.SET_COOKIE, f"{name}={value}{age}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned")


def _refused(status: int, title: str, detail: str) -> web.Response:
    return web.Response(status=status, text=REFUSED.format(title=title, detail=detail), content_type="text/html")
