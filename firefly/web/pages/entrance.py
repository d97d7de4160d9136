"""The doors of content hosts for whoever has no account here, or none that is let in: link, code, password, asking.

The same on every host. What is written to one of them is checked alike whether or not anything is there, by the same
calls in the same order (`firefly.access.entrances`).
"""

from urllib.parse import quote, urlencode

from aiohttp import hdrs, web

from firefly.access.cookies import ASKED_COOKIE, GRANT_COOKIE
from firefly.auth import Grant
from firefly.errors import FireflyError, LimitReached, RateLimited, Unavailable

from .. import urls
from ..content import DOORS, add_cookie, let_in, navigates, place_of, safe_path, visitor_of
from ..problems import headers_of
from ..services import services_of
from ..templating import render_plain

ACCESS, CODE, PASSWORD, ASK, ASKED = (f"/.firefly/{name}" for name in ("access", "code", "password", "ask", "asked"))
LINK = "/.firefly/link/"
# As long as a request waits for its answer.
ASKED_LIFETIME = 24 * 3600
LOOK_AGAIN = 3
WRONG = {
    CODE: "This code does not open anything here, or has ended. Check it, or ask for another.",
    PASSWORD: "This password does not open anything here.",
    LINK: "This link does not open anything here, or has ended. Ask whoever sent it for another.",
}
FOREIGN = "The form came from another site. Fill it in here."
SIGNED_IN = "Your account does not open this address."


def set_up_entrance(app: web.Application) -> None:
    shown = {ACCESS: show, ASKED: asked, LINK: take_link}
    taken = {CODE: enter_code, PASSWORD: enter_password, ASK: ask, LINK: take_link}
    app[DOORS].update({(hdrs.METH_GET, path): handler for path, handler in shown.items()})
    app[DOORS].update({(hdrs.METH_POST, path): handler for path, handler in taken.items()})


async def show(request: web.Request) -> web.StreamResponse:
    """All doors on one page."""
    told = SIGNED_IN if request.query.get("signed_in") else ""
    return _page(request, safe_path(request.query.get("to")), told=told)


async def enter_code(request: web.Request) -> web.StreamResponse:
    return await _try(request, CODE, "code")


async def enter_password(request: web.Request) -> web.StreamResponse:
    return await _try(request, PASSWORD, "password")


async def _try(request: web.Request, door: str, name: str) -> web.StreamResponse:
    form = await _form(request)
    to = safe_path(form.get("to"))
    if not _is_ours(request):
        return _page(request, to, told=FOREIGN, status=403)
    entrances = services_of(request).access.entrances
    check = entrances.by_code if door == CODE else entrances.by_password
    try:
        grant = await check(form.get(name, ""), place_of(request), visitor_of(request))
    except FireflyError as error:
        return _failed(request, to, error)
    if grant is None:
        return _page(request, to, told=WRONG[door], about=name, status=403)
    return await let_in(request, grant, to)


async def take_link(request: web.Request) -> web.StreamResponse:
    """Go on without the secret. Only a browser that goes there takes a use of it; what looks ahead sees a button."""
    to, secret = safe_path(request.query.get("to")), request.path.removeprefix(LINK)
    posted = request.method == hdrs.METH_POST
    if (posted and not _is_ours(request)) or (not posted and not _is_visit(request)):
        return _card(request, "knock.html", {"action": request.rel_url.raw_path_qs})
    place = place_of(request)
    kept = request.cookies.get(GRANT_COOKIE, "").encode("utf-8", "replace")
    if services_of(request).grants.verify(kept, place.project_id, place.policy_version) is not None:
        return _see_other(to)
    try:
        grant = await services_of(request).access.entrances.by_link(secret, place, visitor_of(request))
    except FireflyError as error:
        return _failed(request, to, error)
    return await let_in(request, grant, to) if grant else _page(request, to, told=WRONG[LINK], status=403)


async def ask(request: web.Request) -> web.StreamResponse:
    """Pass a request for access on to the owners, if there are any, and wait for the answer."""
    form = await _form(request)
    to = safe_path(form.get("to"))
    if not _is_ours(request):
        return _page(request, to, told=FOREIGN, status=403)
    if not form.get("name", "").strip():
        return _page(request, to, told="Say who you are, so that the owners know.", about="name", status=422)
    try:
        secret = await services_of(request).access.requests.ask(
            place_of(request), visitor_of(request), name=form["name"], message=form.get("message", ""), path=to
        )
    except FireflyError as error:
        return _failed(request, to, error)
    response = _see_other(f"{ASKED}?{urlencode({'to': to})}")
    add_cookie(response, ASKED_COOKIE, secret, ASKED_LIFETIME)
    return response


async def asked(request: web.Request) -> web.StreamResponse:
    """Go on when the answer has come; a refusal looks like no answer, and so does a host where nothing is."""
    secret, to = request.cookies.get(ASKED_COOKIE), safe_path(request.query.get("to"))
    if not secret:
        return _see_other(f"{ACCESS}?{urlencode({'to': to})}")
    try:
        claimed = await services_of(request).access.requests.claim(secret, place_of(request), visitor_of(request))
    except FireflyError as error:
        return _failed(request, to, error)
    if claimed is None:
        return _card(request, "asked.html", {"to": to, "again": LOOK_AGAIN})
    grant: Grant = claimed[0]
    response = await let_in(request, grant, claimed[1])
    add_cookie(response, ASKED_COOKIE, "", 0)
    return response


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form. One in an encoding that is none, or is not kept to, has none."""
    try:
        fields = await request.post()
    except (LookupError, ValueError):
        return {}
    return {name: value.encode("utf-8", "replace").decode() for name, value in fields.items() if isinstance(value, str)}


def _is_ours(request: web.Request) -> bool:
    """Whether a form came from a page of this very host, or from a program: other previews are of the same site."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return urls.split(origin).netloc.lower() == request.host.lower()


def _is_visit(request: web.Request) -> bool:
    """Whether a browser shows this to somebody; chat programs that draw a picture of every link do not say so."""
    return (
        request.method == hdrs.METH_GET
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and "Sec-Purpose" not in request.headers
        and navigates(request)
    )


def _see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: location, "Referrer-Policy": "no-referrer"})


def _failed(request: web.Request, to: str, error: FireflyError) -> web.StreamResponse:
    status = 429 if isinstance(error, RateLimited) else 503
    known = isinstance(error, LimitReached | Unavailable)
    response = _page(request, to, told=error.detail if known else "Try again in a moment.", status=status)
    response.headers.update(headers_of(error))
    return response


def _page(request: web.Request, to: str, *, told: str = "", about: str = "", status: int = 200) -> web.Response:
    """`about` names the field that is wrong."""
    doors = {"code": CODE, "password": PASSWORD, "ask": ASK, "sign_in": f"/.firefly/sign-in?to={quote(to, safe='')}"}
    values: dict[str, object] = {"to": to, "told": told, "about": about, "doors": doors}
    return _card(request, "access.html", values, status=status)


def _card(request: web.Request, template: str, values: dict[str, object], *, status: int = 200) -> web.Response:
    # Its Referrer-Policy is that of all pages: with `no-referrer` browsers would say `Origin: null` of our own forms,
    # and without the origin the app would not know that signing in began here.
    return web.Response(status=status, text=render_plain(request, template, values), content_type="text/html")
