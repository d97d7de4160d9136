"""Problems as a browser's visitor sees them."""

from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import hdrs, web

from ..context import HostKind, host_kind, identity_of
from ..templating import render

PROGRAMS = ("/api/", "/git/", "/assets/", "/.well-known/", "/healthz", "/readyz", "/metrics")
LINKS, UNAUTHENTICATED = "/auth/link/", 401


def wants_page(request: web.Request) -> bool:
    """Whether a person looks at the answer; programs get the problem document."""
    if request.path.startswith(PROGRAMS) or host_kind(request) is HostKind.CONTENT:
        return False
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def error_page(request: web.Request, problem: Mapping[str, object], fields: Mapping[str, str]) -> web.Response:
    """One quiet card that says what happened and what to do."""
    signed_in, told = identity_of(request) is not None, dict(problem)
    actions = [
        {"label": "Go to your projects" if signed_in else "Sign in", "href": "/" if signed_in else _sign_in(request)}
    ]
    if request.path.startswith(LINKS) and problem["status"] == UNAUTHENTICATED:
        told["title"] = "This link no longer works"
    return render(
        request,
        "message.html",
        {"request_id": "", **told, "actions": actions},
        status=int(str(problem["status"])),
        headers=fields,
    )


def _sign_in(request: web.Request) -> str:
    if request.path.startswith(LINKS):
        return "/auth/sign-in"
    return f"/auth/sign-in?next={quote(request.rel_url.raw_path_qs, safe='')}"
