"""The front door's own answers: one quiet card for people, an RFC 9457 problem for programs."""

import html
import json
import re
from dataclasses import dataclass, replace
from http import HTTPStatus

from firefly.descriptors import EXHAUSTED
from firefly.errors import (
    Conflict,
    FireflyError,
    InvalidInput,
    LimitReached,
    NotFound,
    SandboxFailed,
    StorageFull,
    Unavailable,
)

from .heads import Head

LAST_LINES = 30
_ORIGIN = re.compile(rb"https?://[A-Za-z0-9.:_-]{1,260}")

STYLE = """
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1c2128;--quiet:#57606a;--line:#d9dee5;--accent:#b7791f}
@media(prefers-color-scheme:dark){
:root{--paper:#14171c;--card:#1c2128;--ink:#e6e9ee;--quiet:#9aa4b1;--line:#30363f;--accent:#f6c453}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{box-sizing:border-box;width:min(560px,100% - 32px);margin:24px 0;padding:32px;background:var(--card);
border:1px solid var(--line);border-radius:10px}
h1{margin:0 0 8px;font-size:20px}p{margin:0;color:var(--quiet)}
pre{display:flex;flex-direction:column-reverse;margin:16px 0 0;padding:12px;overflow:auto;max-height:320px;
border:1px solid var(--line);border-radius:6px;
font:13px/1.55 ui-monospace,monospace;white-space:pre-wrap}
small{display:block;margin-top:16px;color:var(--quiet);font-size:12px}
a{color:inherit}main p+p{margin-top:16px}
.alive{display:inline-block;width:8px;height:8px;margin-right:8px;border-radius:50%;background:var(--accent)}
"""
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "{refresh}<title>{title}</title><style>{style}</style></head>"
    "<body>{card}</body></html>\n"
)
_CARD = "<main><h1>{dot}{title}</h1><p>{detail}</p>{link}{output}{reference}</main>"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be said; `reload` makes a browser look again, in seconds; `fields` are further field lines.

    Programs are told when to try again: `retry`, or else `reload`.

    `link` is an address on the same host, and its words.
    """

    status: int
    kind: str
    title: str
    detail: str
    output: str = ""
    reload: int = 0
    retry: int = 0
    fields: bytes = b""
    link: tuple[str, str] | None = None


# One for every host, whether or not anything is there.
REFUSED = Notice(
    401,
    "unauthenticated",
    "Nothing to show here",
    "There is no preview at this address, or none that you may see.",
    fields=b'WWW-Authenticate: Firefly realm="preview"\r\n',
    link=("/.firefly/access", "Sign in, enter a code or ask for access"),
)
NO_WORKER = Notice(
    403,
    "no-service-worker",
    "No service workers here",
    "A private preview keeps no service worker in its visitors' browsers, unless an owner allows it in the access "
    "settings.",
)
STARTING = Notice(503, "starting", "Starting", "The application is on its way. This page reloads by itself.", reload=1)
BUSY = Notice(
    503, "busy", "Many are waiting", "Too many requests wait for this application. Try again in a moment.", reload=2
)
CROWDED = Notice(503, "busy", "Many are here", "This application has too many visitors now. Try again soon.", reload=5)
TOO_MANY = Notice(429, "too-many", "Too many connections", "Your network has too many open. Close some.", reload=5)
APP_AWAY = Notice(503, "unavailable", "Firefly is restarting", "Try again in a moment; nothing is lost.", reload=2)
UNSURE = Notice(
    503,
    "unavailable",
    "Not just now",
    "Firefly cannot tell who may see this address, since it does not reach its database. Try again in a moment.",
    reload=5,
)
BAD_GATEWAY = Notice(
    502,
    "bad-gateway",
    "No proper answer",
    "The application closed the connection or sent what is not HTTP. Its output may say why.",
)
SILENT = Notice(
    502,
    "bad-gateway",
    "Nothing answers on this port",
    "The sandbox runs, but nothing listens on this port yet. Reload this page to look again.",
    retry=2,
)
# Neither reloads by itself: to ask is activity, and a forgotten page would keep what is broken awake.
NOT_RUNNING = Notice(
    503,
    "not-running",
    "Not running",
    "The application does not run just now; its owner can see why. Reload this page to look again.",
    retry=10,
)
STILL_SILENT = Notice(
    503, "not-running", "Nothing answers yet", "The application is still silent. Reload this page to look again."
)
GONE = Notice(404, "gone", "No longer here", "What this address showed was deleted.")
MISDIRECTED = Notice(
    421,
    "misdirected",
    "Unknown host",
    "This server does not answer for this host name. Check FIREFLY_URL and the link.",
)
TOO_SLOW = Notice(504, "timed-out", "It took too long", "The application did not begin to answer in time.")
METHOD = Notice(
    405,
    "method-not-allowed",
    "Method not allowed",
    "CONNECT and TRACE are not served here.",
    fields=b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
)


def failure(error: Exception, *, trusted: bool) -> Notice:
    """What to say when a target cannot be reached; only who is `trusted` sees what it printed."""
    if isinstance(error, SandboxFailed):
        lines = "\n".join(error.output.splitlines()[-LAST_LINES:])
        return Notice(502, "crashed", "The application stopped", error.detail, lines) if trusted else NOT_RUNNING
    if isinstance(error, NotFound):
        return GONE
    if isinstance(error, LimitReached | Conflict | InvalidInput | StorageFull) and trusted:
        return replace(NOT_RUNNING, detail=error.detail)
    if isinstance(error, Unavailable) and trusted:
        return Notice(503, "starting", "Starting", error.detail, reload=max(1, round(error.retry_after)))
    if isinstance(error, Unavailable | TimeoutError):
        return STARTING
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return BUSY
    return NOT_RUNNING if isinstance(error, FireflyError) else SILENT


def refused(head: Head) -> Notice:
    """REFUSED, as a page's script may read it: it says nothing, and it tells a page of the project what to open."""
    origin = head.origin
    if origin is None or not _ORIGIN.fullmatch(origin):
        return REFUSED
    fields = b"Access-Control-Allow-Origin: %b\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n" % origin
    return replace(REFUSED, fields=REFUSED.fields + fields)


def elsewhere(status: int, location: str) -> Notice:
    """A redirect."""
    return Notice(status, "moved", "Moved", "It has a new address.", fields=b"Location: %b\r\n" % location.encode())


class Pages:
    """Renders notices."""

    def __init__(self) -> None:
        self.frame_in("")

    def frame_in(self, app_origin: str) -> None:
        """Let pages of `app_origin`, the editor's, show notices in their frames."""
        self._fields = (
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
            "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors 'self' {app_origin}\r\n"
        ).encode()

    def begin(self, first: bytes) -> bytes:
        """The head of an answer that goes on in chunks, and the first of them."""
        return b"%b%b%b\r\n%b" % (
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\n",
            self._fields,
            # Other proxies would wait for the whole of it.
            b"Transfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n",
            first,
        )

    def render(self, notice: Notice, head: Head | None, *, request_id: bytes = b"") -> bytes:
        """A whole answer; without `head`, for a request that could not be read, it is the connection's last."""
        people = head is not None and b"text/html" in (head.field(b"accept") or b"")
        reference = "" if notice.status in (401, 404, 421) else request_id.decode()
        body = (_page(notice, reference) if people else _problem(notice, reference)).encode()
        lines = [
            b"HTTP/1.1 %d %b\r\n" % (notice.status, HTTPStatus(notice.status).phrase.encode()),
            b"Content-Type: %b\r\n" % (b"text/html; charset=utf-8" if people else b"application/problem+json"),
            b"Content-Length: %d\r\n" % len(body),
            self._fields,
            notice.fields,
        ]
        if notice.retry or notice.reload:
            lines.append(b"Retry-After: %d\r\n" % (notice.retry or notice.reload))
        if head is None or not head.keep_alive:
            lines.append(b"Connection: close\r\n")
        lines += [b"\r\n", b"" if head is not None and head.method == b"HEAD" else body]
        return b"".join(lines)


def _page(notice: Notice, reference: str) -> str:
    refresh = f'<meta http-equiv="refresh" content="{notice.reload}">' if notice.reload else ""
    title = html.escape(notice.title)
    return _PAGE.format(refresh=refresh, title=title, style=STYLE, card=card(notice, reference))


def card(notice: Notice, reference: str) -> str:
    """What a page shows, as HTML."""
    return _CARD.format(
        title=html.escape(notice.title),
        dot='<span class="alive"></span>' if notice.kind == "starting" else "",
        detail=html.escape(notice.detail),
        link=f'<p><a href="{notice.link[0]}">{html.escape(notice.link[1])}</a></p>' if notice.link else "",
        output=f'<pre tabindex="0">{html.escape(notice.output)}</pre>' if notice.output else "",
        reference=f"<small>Request {html.escape(reference)}</small>" if reference else "",
    )


def _problem(notice: Notice, reference: str) -> str:
    problem: dict[str, object] = {
        "type": f"urn:firefly:{notice.kind}",
        "title": notice.title,
        "status": notice.status,
        "detail": notice.detail,
    }
    if notice.link:
        problem["open"] = notice.link[0]
    if notice.output:
        problem["output"] = notice.output
    if notice.retry or notice.reload:
        problem["retry_after"] = notice.retry or notice.reload
    if reference:
        problem["request_id"] = reference
    return json.dumps(problem)
