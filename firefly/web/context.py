"""What belongs to one request: its id, who sent it, from where, by which host."""

import re
import secrets
from enum import StrEnum
from typing import TYPE_CHECKING

from aiohttp import web

from firefly.errors import Unauthenticated
from firefly.log import REQUEST_ID_HEADER

if TYPE_CHECKING:
    from firefly.auth import Identity, SessionCookies

CLIENT_ADDRESS_HEADER = "X-Firefly-Client-Address"
HOST_KIND_HEADER = "X-Firefly-Host-Kind"

REQUEST_ID = web.RequestKey("request_id", str)
IDENTITY: "web.RequestKey[Identity | None]" = web.RequestKey("identity")
# Present: the answer sets these cookies, or clears them when None.
FRESH_COOKIES: "web.RequestKey[SessionCookies | None]" = web.RequestKey("fresh_cookies")

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")


class HostKind(StrEnum):
    """Which of the two worlds a request came in by; the front door says so, and drops what a client says."""

    APP = "app"
    CONTENT = "content"


def host_kind(request: web.Request) -> HostKind:
    return HostKind.CONTENT if request.headers.get(HOST_KIND_HEADER) == HostKind.CONTENT else HostKind.APP


def make_request_id(request: web.Request) -> str:
    """The front door's id, or a new one where it is missing or not well formed."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    return given if _WELL_FORMED_ID.fullmatch(given) else secrets.token_hex(8)


def client_address(request: web.Request) -> str | None:
    return request.headers.get(CLIENT_ADDRESS_HEADER) or request.remote or None


def identity_of(request: web.Request) -> "Identity | None":
    return request.get(IDENTITY)


def require_identity(request: web.Request) -> "Identity":
    """Raises Unauthenticated when nobody is signed in."""
    identity = identity_of(request)
    if identity is None:
        raise Unauthenticated("Sign in, or send an API token as `Authorization: Bearer <token>`.")
    return identity
