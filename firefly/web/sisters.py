"""The page that a visitor who was just let in passes through: it brings him in at the project's other hosts too.

It asks each of them for a picture that there is none of, and goes on when all have answered, or one takes too long.
Pictures, since every host has to set a cookie of its own, in the partition of the page that is shown, be that the
editor's or the preview's.
"""

import base64
import hashlib
from collections.abc import Sequence

from aiohttp import web

from .context import HostKind, host_kind
from .security import CSP
from .services import services_of
from .templating import render_plain

JOIN, VOUCH, JOINED = (f"/.firefly/{name}" for name in ("join", "vouch", "joined"))
# Where it is the very page that was asked for, going there would at most move to its fragment.
GO_ON = (
    "let gone=false;function go(){if(gone)return;gone=true;const to=document.links[0].href;"
    "if(to===location.href.split('#')[0])location.reload();else location.replace(to+location.hash)}"
    "addEventListener('load',go);setTimeout(go,4000)"
)
_HASH = base64.b64encode(hashlib.sha256(GO_ON.encode()).digest()).decode()


def may_pass_through(request: web.Request) -> bool:
    """Whether a browser shows what we answer, in a tab or a frame, and not ahead of time."""
    return (
        host_kind(request) is HostKind.CONTENT
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") in {"document", "iframe", "frame"}
        and "Sec-Purpose" not in request.headers
    )


def pass_through(request: web.Request, hosts: Sequence[str], to: str) -> web.Response:
    """On to `to` of this host by way of `hosts`, which have their ports."""
    settings = services_of(request).settings
    origins = [f"{settings.scheme}://{host}" for host in hosts]
    pictures = [f"{origin}{JOIN}" for origin in origins]
    text = render_plain(request, "sisters.html", {"to": to, "pictures": pictures, "script": GO_ON})
    response = web.Response(text=text, content_type="text/html")
    response.headers[CSP] = (
        f"default-src 'none'; base-uri 'none'; img-src 'self' {' '.join(origins)}; script-src 'sha256-{_HASH}'; "
        f"style-src 'unsafe-inline'; frame-ancestors 'self' {settings.url}"
    )
    # The sister hosts know by it from which host of the project their visitor comes.
    response.headers["Referrer-Policy"] = "strict-origin"
    # It is a step on the way: what the page before and the one after are to each other is not ours to end.
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response
