"""Fields that keep browsers from being used against their owners: on every answer, closed by default."""

from aiohttp import hdrs, web

from .context import HostKind, host_kind
from .services import services_of

CSP = "Content-Security-Policy"
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
FIELDS = {
    "X-Content-Type-Options": "nosniff",
    # The origin is told to previews, which then know that Firefly's own page opened them.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


async def set_security_fields(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler. What a page has decided for itself stays."""
    headers = response.headers
    for name, value in FIELDS.items():
        headers.setdefault(name, value)
    headers[hdrs.SERVER] = "Firefly"
    headers.setdefault(CSP, NOTHING)
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if host_kind(request) is HostKind.APP:
        headers.setdefault(RESOURCE_POLICY, "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        if age := services_of(request).settings.strict_age:
            headers.setdefault(hdrs.STRICT_TRANSPORT_SECURITY, f"max-age={age}")


def page_policy(request: web.Request, *, styles: str = "'self'", framed: str = "'none'", leads_to: str = "") -> str:
    """The policy of our own pages: our scripts and no inline one, previews in frames, nobody around us.

    `styles` is widened for the editor alone: the terminal's renderer writes style elements. `leads_to` is an origin
    beside the previews that a form of the page may lead on to, or empty.
    """
    settings = services_of(request).settings
    socket = f"{'wss' if settings.scheme == 'https' else 'ws'}://{settings.app_host}"
    previews = f"{settings.scheme}://*.{settings.content_domain}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src {styles}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' {socket}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            # A framed preview comes by /auth/preview once, and redirects are judged too.
            f"frame-src 'self' {previews}",
            # Browsers hold the redirects of a form to this too, and signing in may lead on to a preview.
            f"form-action 'self' {previews} {leads_to}".rstrip(),
            f"frame-ancestors {framed}",
            "base-uri 'none'",
        )
    )
