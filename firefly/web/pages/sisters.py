"""How a visitor of one host of a project is let in at another, unseen: pictures that the page between asks for.

The sister host keeps a nonce in this browser and leads to the host that the visitor was let in at, which looks at his
grant there and leads back with a pass bound to that nonce, which is exchanged for the same grant. Pages see none of the
addresses on this way, and neither do their service workers: of redirects of a picture nobody is told. A host where
nothing is and one that is not of the same project answer alike.
"""

import re
import secrets
from urllib.parse import urlencode

from aiohttp import hdrs, web

from firefly.access.cookies import GRANT_COOKIE, JOIN_COOKIE
from firefly.auth import PreviewGrants
from firefly.errors import FireflyError

from .. import urls
from ..content import (
    DOORS,
    NONCE,
    NONCE_LIFETIME,
    add_cookie,
    is_open,
    nothing,
    place_at,
    place_of,
)
from ..hosts import route_named
from ..services import services_of
from ..sisters import JOIN, JOINED, VOUCH

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,20}(?::[0-9]{1,5})?")
_NONCE_HASH = re.compile(r"[0-9a-f]{64}")


def set_up_sisters(app: web.Application) -> None:
    app[DOORS].update({(hdrs.METH_GET, JOIN): join, (hdrs.METH_GET, VOUCH): vouch, (hdrs.METH_GET, JOINED): joined})


async def join(request: web.Request) -> web.StreamResponse:
    """Lead to the host that the page comes from, if that may be one of ours, with a nonce of this host."""
    came_from = _page_of(request)
    if came_from is None or not _is_ours(request, came_from):
        return await nothing(request)
    kept = request.cookies.get(JOIN_COOKIE, "")
    nonce = kept if NONCE.fullmatch(kept) else secrets.token_urlsafe(32)
    query = urlencode({"host": request.host.lower(), "nonce": PreviewGrants.hash_nonce(nonce).hex()})
    response = _lead(request, came_from, f"{VOUCH}?{query}")
    add_cookie(response, JOIN_COOKIE, nonce, NONCE_LIFETIME)
    return response


async def vouch(request: web.Request) -> web.StreamResponse:
    """Lead back with a pass, if the visitor has a grant here and the other host is of the same project."""
    wanted, nonce = request.query.get("host", ""), request.query.get("nonce", "")
    cookie = request.cookies.get(GRANT_COOKIE, "").encode("utf-8", "replace")
    place = place_of(request)
    if _page_of(request) != request.host.lower() or not _is_ours(request, wanted) or not _NONCE_HASH.fullmatch(nonce):
        return await nothing(request)
    sisters = services_of(request).access.sisters
    known = is_open(request, wanted)
    ticket = sisters.vouch(cookie, place, place_at(request, wanted), bytes.fromhex(nonce)) if known else None
    if ticket is None:
        return await nothing(request)
    return _lead(request, wanted, f"{JOINED}?{urlencode({'pass': ticket})}")


async def joined(request: web.Request) -> web.StreamResponse:
    """Take the pass and the nonce, give the grant."""
    nonce = request.cookies.get(JOIN_COOKIE, "")
    if _page_of(request) is None or not nonce:
        return await nothing(request)
    try:
        grant = await services_of(request).access.sisters.join(request.query.get("pass", ""), place_of(request), nonce)
    except FireflyError:
        return await nothing(request)
    grants = services_of(request).grants
    response = web.Response(status=204)
    add_cookie(response, GRANT_COOKIE, grants.seal(grant), grants.remaining(grant))
    add_cookie(response, JOIN_COOKIE, "", 0)
    return response


def _page_of(request: web.Request) -> str | None:
    """The host, with its port, of the page that shows a picture of ours; None for whatever else this is.

    A navigation would show its address to the service worker of the host that it leads to.
    """
    is_picture = request.headers.get("Sec-Fetch-Dest") == "image" and request.headers.get("Sec-Fetch-Mode") == "no-cors"
    referrer = urls.split(request.headers.get(hdrs.REFERER, ""))
    return referrer.netloc.lower() if is_picture and referrer.scheme == services_of(request).settings.scheme else None


def _is_ours(request: web.Request, host: str) -> bool:
    """Whether we may lead a browser there: below the content domain, or a custom host of ours to the letter."""
    domain = services_of(request).settings.content_domain
    if not _HOST.fullmatch(host):
        return False
    return host.endswith(f".{domain}") or route_named(services_of(request), host) is not None


def _lead(request: web.Request, host: str, path: str) -> web.Response:
    response = web.Response(status=302)
    response.headers[hdrs.LOCATION] = f"{services_of(request).settings.scheme}://{host}{path}"
    return response
