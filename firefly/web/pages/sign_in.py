"""Signing in, out, and by one-time links."""

from aiohttp import web

from firefly.auth import FIRST_ADMINISTRATOR, Account
from firefly.errors import FireflyError, InvalidInput, NameTaken, RateLimited, Unauthenticated

from .. import schemas, urls
from ..auditing import note, note_refusal
from ..authentication import REFRESH_COOKIE, refresh_session, sign_in, sign_out
from ..context import client_address, identity_of, require_identity
from ..problems import status_of
from ..routing import parse, read_limited
from ..services import Services, services_of
from ..templating import render

LONGEST_FIELD = 1000


def set_up_sign_in(app: web.Application) -> None:
    app.router.add_get("/auth/sign-in", show)
    app.router.add_post("/auth/sign-in", submit)
    app.router.add_post("/auth/sign-out", leave)
    app.router.add_post("/auth/sign-out-everywhere", leave_everywhere)
    app.router.add_post("/auth/refresh", refresh)
    app.router.add_get("/auth/link/{token}", show_link)
    app.router.add_post("/auth/link/{token}", use_link)


def safe_next(given: object) -> str:
    """Where to go afterwards: a path of this host, or the dashboard."""
    path = given if isinstance(given, str) else ""
    parts = urls.split(path)
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_local and path.isprintable() else "/"


async def form_of(request: web.Request) -> dict[str, str]:
    """Text fields of a small form. Raises InvalidInput for files and for what is too long."""
    found: dict[str, str] = {}
    for name, value in (await request.post()).items():
        if not isinstance(value, str) or len(value) > LONGEST_FIELD * 4:
            raise InvalidInput("The form holds something that does not belong there.", field=name)
        found[name] = value
    return found


async def show(request: web.Request) -> web.StreamResponse:
    following = safe_next(request.query.get("next"))
    if identity_of(request):
        raise web.HTTPSeeOther(following)
    return render(request, "sign_in.html", {"next": following, "name": "", "error": ""})


async def submit(request: web.Request) -> web.StreamResponse:
    """Pages send a form and are sent on; programs send JSON and get the cookies, or a problem."""
    if request.content_type == "application/json":
        return await _submit_json(request)
    form = await form_of(request)
    following = safe_next(form.get("next"))
    try:
        await _prove(request, form.get("name", ""), form.get("password", ""))
    except (Unauthenticated, RateLimited, InvalidInput) as error:
        return _again(request, error, "sign_in.html", next=following, name=form.get("name", ""))
    raise web.HTTPSeeOther(following)


async def _prove(request: web.Request, given_name: str, password: str) -> None:
    """Sign in by name and password. Raises Unauthenticated, RateLimited, InvalidInput."""
    name = given_name.strip().lower()
    try:
        account = await services_of(request).accounts.authenticate(name, password, client_address(request))
    except Unauthenticated:
        await note_refusal(request, name, "password")
        raise
    await sign_in(request, account, by="password")


async def _submit_json(request: web.Request) -> web.StreamResponse:
    wanted = parse(schemas.SignIn, await read_limited(request, LONGEST_FIELD * 4))
    await _prove(request, wanted.name, wanted.password)
    return web.Response(status=204)


def _again(request: web.Request, error: FireflyError, template: str, **context: object) -> web.Response:
    """The form once more, with what was wrong; the password is asked for anew."""
    return render(request, template, {**context, "error": error.detail}, status=status_of(error))


async def leave(request: web.Request) -> web.StreamResponse:
    identity = identity_of(request)
    if identity and identity.session_id:
        await services_of(request).sessions.close(identity.session_id)
        await note(request, identity.account.id, "session.closed", f"account:{identity.account.name}")
    sign_out(request)
    raise web.HTTPSeeOther("/auth/sign-in")


async def leave_everywhere(request: web.Request) -> web.StreamResponse:
    identity = require_identity(request)
    await services_of(request).sessions.close_all(identity.account.id)
    await note(request, identity.account.id, "session.all_closed", f"account:{identity.account.name}")
    sign_out(request)
    raise web.HTTPSeeOther("/auth/sign-in")


async def refresh(request: web.Request) -> web.StreamResponse:
    """New cookies for pages that stay open: scripts ask for it before they open the bridge."""
    token = request.cookies.get(REFRESH_COOKIE)
    if identity_of(request) is None and (not token or await refresh_session(request, token) is None):
        raise Unauthenticated("The session has ended. Sign in again.")
    return web.Response(status=204)


async def show_link(request: web.Request) -> web.StreamResponse:
    link = await services_of(request).links.peek(request.match_info["token"])
    return render(request, "link.html", {**_link_context(request, link.purpose), "error": ""})


def _link_context(request: web.Request, purpose: object, form: dict[str, str] | None = None) -> dict[str, object]:
    form = form or {}
    return {
        "token": request.match_info["token"],
        "purpose": str(purpose),
        "name": form.get("name", ""),
        "display_name": form.get("display_name", ""),
    }


async def use_link(request: web.Request) -> web.StreamResponse:
    """Make the first administrator, or let in an account, which may choose a password."""
    services, token, form = services_of(request), request.match_info["token"], await form_of(request)
    link = await services.links.peek(token)
    try:
        if link.purpose == FIRST_ADMINISTRATOR:
            account = await _make_administrator(services, token, form)
            await note(request, account.id, "account.create", f"account:{account.name}", {"is_administrator": True})
        else:
            account = await _let_in(services, token, form)
            if form.get("password"):
                await note(request, account.id, "account.password", f"account:{account.name}", {"by": "link"})
    except (InvalidInput, NameTaken) as error:
        return _again(request, error, "link.html", **_link_context(request, link.purpose, form))
    await sign_in(request, account, by="link")
    raise web.HTTPSeeOther("/")


async def _make_administrator(services: Services, token: str, form: dict[str, str]) -> Account:
    return await services.links.make_first_administrator(
        token,
        services.accounts,
        name=form.get("name", "").strip(),
        password=form.get("password", ""),
        display_name=form.get("display_name", ""),
    )


async def _let_in(services: Services, token: str, form: dict[str, str]) -> Account:
    """Link and password at one stroke: a bad password leaves the link good, and of two forms one counts."""
    return await services.links.let_in(token, services.accounts, password=form.get("password") or None)
