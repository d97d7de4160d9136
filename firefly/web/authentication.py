"""Who sent a request: by session cookie, by bearer token, by Basic for git."""

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from firefly.errors import Unauthenticated

from .auditing import note_entry
from .context import FRESH_COOKIES, client_address
from .services import services_of

if TYPE_CHECKING:
    from firefly.auth import Account, Identity

SESSION_COOKIE = "__Host-firefly-session"
REFRESH_COOKIE = "__Host-firefly-refresh"
# The refresh cookie lives as long as a session may stay unused; the server decides earlier when it must.
REFRESH_LIFETIME = 30 * 24 * 3600
LONGEST_CREDENTIAL = 4096


async def identify(request: web.Request) -> "Identity | None":
    """None: no credential was sent. Raises Unauthenticated for one that is not good (any more)."""
    field = request.headers.get(hdrs.AUTHORIZATION)
    if field:
        return await services_of(request).tokens.verify(credential_in(field))
    return await _by_cookie(request)


def credential_in(field: str) -> str:
    """The secret in `Bearer <secret>` or, as git sends it, in `Basic base64(<anything>:<secret>)`."""
    scheme, _, value = field.partition(" ")
    if len(field) <= LONGEST_CREDENTIAL:
        if scheme.lower() == "bearer":
            return value.strip()
        if scheme.lower() == "basic":
            return _password_in(value)
    raise Unauthenticated("Send an API token as `Authorization: Bearer <token>`.")


def _password_in(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated("The Basic credential is not well formed.") from None


async def _by_cookie(request: web.Request) -> "Identity | None":
    sessions = services_of(request).sessions
    if access := request.cookies.get(SESSION_COOKIE):
        try:
            return sessions.verify(access)
        except Unauthenticated:
            pass  # it lives for minutes; the refresh cookie decides
    refresh = request.cookies.get(REFRESH_COOKIE)
    if not refresh:
        return None
    if hdrs.UPGRADE in request.headers:
        return await _without_cookies(request, refresh)
    return await refresh_session(request, refresh)


async def _without_cookies(request: web.Request, refresh: str) -> "Identity | None":
    """The answer to an upgrade never reaches the browser as ours: new cookies would be lost, and the old one spent."""
    try:
        return await services_of(request).sessions.peek(refresh)
    except Unauthenticated:
        return None


async def refresh_session(request: web.Request, refresh: str) -> "Identity | None":
    """Rotate the refresh cookie; a spent or revoked one signs the browser out."""
    sessions = services_of(request).sessions
    try:
        cookies = await sessions.refresh(refresh)
    except Unauthenticated:
        request[FRESH_COOKIES] = None
        return None
    request[FRESH_COOKIES] = cookies
    return sessions.verify(cookies.access)


async def set_session_cookies(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler: whatever the answer is, cookies that changed on the way go out with it."""
    if FRESH_COOKIES not in request:
        return
    cookies = request[FRESH_COOKIES]
    values = (cookies.access, cookies.refresh) if cookies else ("", "")
    age = REFRESH_LIFETIME if cookies else 0
    for name, value in zip((SESSION_COOKIE, REFRESH_COOKIE), values, strict=True):
        # The response has rendered its own cookies before its signal is sent.
        response.headers.add(hdrs.SET_COOKIE, f"{name}={value}; Max-Age={age}; Path=/; Secure; HttpOnly; SameSite=Lax")


async def sign_in(request: web.Request, account: "Account", *, by: str) -> None:
    """Open a session for an account that has just proven itself, by `password` or `link`."""
    cookies = await services_of(request).sessions.open(
        account,
        user_agent=request.headers.get(hdrs.USER_AGENT, "")[:200],
        address=client_address(request),
    )
    # Nobody is let in unseen: where this fails, the cookies are not handed out.
    await note_entry(request, account, by)
    request[FRESH_COOKIES] = cookies


def sign_out(request: web.Request) -> None:
    request[FRESH_COOKIES] = None
