"""Keeping other sites from acting with a visitor's cookies."""

from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from firefly.errors import Forbidden

from . import urls
from .services import services_of

if TYPE_CHECKING:
    from firefly.auth import Identity

SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


def check_origin(request: web.Request, identity: "Identity | None") -> None:
    """Raise Forbidden unless a request with cookies that changes something, or upgrades, is from the app itself.

    Programs that send their own credential in `Authorization` carry no cookie that another site could borrow.
    Sign-in forms are checked too, so that nobody is signed in as somebody else.
    """
    upgrades = hdrs.UPGRADE in request.headers
    if request.method in SAFE and not upgrades:
        return
    if hdrs.AUTHORIZATION in request.headers or (identity is None and not request.path.startswith("/auth/")):
        return
    if not from_app(request):
        raise Forbidden("The request came from another site. Reload the page and try again.")


def from_app(request: web.Request) -> bool:
    """Whether Origin is the app's; without one, whether the browser itself calls the request same-origin."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return same_origin(origin, services_of(request).settings.url)


def same_origin(left: str, right: str) -> bool:
    a, b = urls.split(left), urls.split(right)
    return (a.scheme, a.netloc.lower()) == (b.scheme, b.netloc.lower())
