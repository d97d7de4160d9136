"""The app's end of the round trip that opens a private preview: who are you, may you, here is your ticket."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from firefly.access import NOBODYS, Place
from firefly.auth import Ground
from firefly.errors import NotFound
from firefly.routes import Access, Route

from ..content import ENTER, bare_host, safe_path
from ..context import identity_of, require_identity
from ..csrf import same_origin
from ..hosts import ROUND_TRIP, route_named
from ..security import page_policy
from ..services import services_of
from ..templating import render
from .sign_in import form_of

_LABEL = re.compile(r"[a-z0-9-]{1,63}")
_NONCE_HASH = re.compile(r"[0-9a-f]{64}")
# One sentence for every reason, so that nobody learns which hosts exist.
UNKNOWN = "There is no such preview, or it is not for you. Ask its owner to add you as a member."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Host as the browser names it, with port; hash of the nonce that it keeps for that host; path to show there."""

    host: str
    nonce: str
    to: str


def set_up_preview(app: web.Application) -> None:
    app.router.add_get(ROUND_TRIP, ask)
    app.router.add_post(ROUND_TRIP, accept)


async def ask(request: web.Request) -> web.StreamResponse:
    """Go straight on when the visitor came from us or by the address bar; else a person says yes first."""
    wanted = _parse(dict(request.query))
    if identity_of(request) is None:
        return _ask_who(request, wanted)
    began = services_of(request).clock.now()
    try:
        route, ground = await _authorise(request, wanted)
    except NotFound:
        return _send_back(request, wanted, "signed_in")
    if route.access is Access.PUBLIC or came_from_here(request, wanted.host):
        return await _send_in(request, wanted, route, ground, began=began)
    return render(
        request,
        "accept.html",
        {"host": wanted.host, "fields": asdict(wanted)},
        policy=page_policy(request, framed="'self'", leads_to=_origin(request, wanted.host)),
        headers={"X-Frame-Options": "SAMEORIGIN"},
    )


async def accept(request: web.Request) -> web.StreamResponse:
    wanted = _parse(await form_of(request))
    require_identity(request)
    began = services_of(request).clock.now()
    route, ground = await _authorise(request, wanted)
    return await _send_in(request, wanted, route, ground, began=began)


def _ask_who(request: web.Request, wanted: Wanted) -> web.StreamResponse:
    """To the doors of the host that was asked for; signing in is one of them."""
    if request.query.get("sign_in") or not _is_content(request, wanted.host):
        query = urlencode(asdict(wanted))
        raise web.HTTPSeeOther(f"/auth/sign-in?next={quote(f'{ROUND_TRIP}?{query}', safe='')}")
    return _send_back(request, wanted)


def _send_back(request: web.Request, wanted: Wanted, why: str = "") -> web.StreamResponse:
    """Raises NotFound for what is no host of the content domain: nobody is to be sent elsewhere by us."""
    if not _is_content(request, wanted.host):
        raise NotFound(UNKNOWN)
    query = {"to": wanted.to} | ({why: "1"} if why else {})
    return _see_other(f"{_origin(request, wanted.host)}/.firefly/access?{urlencode(query)}")


def _is_content(request: web.Request, host: str) -> bool:
    """Any host of the content domain, whether or not it exists, and a custom domain that is in service."""
    label, dot, domain = host.partition(".")
    if dot and domain == services_of(request).settings.content_domain:
        return _LABEL.fullmatch(label) is not None
    return route_named(services_of(request), host) is not None


def _parse(values: dict[str, str]) -> Wanted:
    nonce = values.get("nonce", "")
    if not _NONCE_HASH.fullmatch(nonce):
        raise NotFound(UNKNOWN)
    return Wanted(host=values.get("host", "").lower()[:255], nonce=nonce, to=safe_path(values.get("to")))


async def _authorise(request: web.Request, wanted: Wanted) -> tuple[Route, Ground]:
    """The route, and why the visitor may see it. Raises NotFound, the same for unknown, forbidden and foreign hosts."""
    services = services_of(request)
    route = route_named(services, wanted.host)
    # Whoever is refused waits for the database either way, and learns nothing from the clock.
    project_id = route.project_id if route and route.project_id else NOBODYS
    ground = await services.access.entrances.ground_of(
        identity_of(request), Place(bare_host(wanted.host), project_id, route.policy_version if route else 0)
    )
    if route is None or not route.access.counts(ground.kind):
        raise NotFound(UNKNOWN)
    return route, ground


def came_from_here(request: web.Request, host: str) -> bool:
    """Whether the app, the preview itself or the person at the address bar began this: then nobody is surprised."""
    if request.headers.get("Sec-Fetch-Site") == "none":
        return True
    referrer = request.headers.get(hdrs.REFERER, "")
    return same_origin(referrer, services_of(request).settings.url) or same_origin(referrer, _origin(request, host))


def _origin(request: web.Request, host: str) -> str:
    return f"{services_of(request).settings.scheme}://{host}"


async def _send_in(
    request: web.Request, wanted: Wanted, route: Route, ground: Ground, *, began: datetime
) -> web.StreamResponse:
    if route.redirect_to:
        # The new host has its own round trip.
        return _see_other(services_of(request).settings.host_url(route.redirect_to) + wanted.to)
    origin = _origin(request, wanted.host)
    if route.access is Access.PUBLIC:
        return _see_other(origin + wanted.to)
    identity = require_identity(request)
    if route.project_id is None:
        raise NotFound(UNKNOWN)
    ticket = await services_of(request).grants.issue_ticket(
        identity,
        host=bare_host(wanted.host),
        project_id=route.project_id,
        policy_version=route.policy_version,
        nonce_hash=bytes.fromhex(wanted.nonce),
        ground=ground,
        checked_at=began,
    )
    return _see_other(f"{origin}{ENTER}?{urlencode({'ticket': ticket, 'to': wanted.to})}")


def _see_other(location: str) -> web.Response:
    """Framed by the editor's page on its way, so it says that this is fine."""
    response = web.Response(status=303, headers={hdrs.LOCATION: location})
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
