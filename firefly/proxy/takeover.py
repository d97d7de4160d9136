"""Hosts that passed from one project to another: what browsers keep of the former one is cleared, once for each.

For 90 days a browser that does not show the mark of the new holder keeps nothing: storage, service workers and cache by
`Clear-Site-Data`, cookies by name, since that field would take the visitor's grants for all other previews with them.
Until then the new holder's application sees no cookie that the former one's has set.
"""

import re
import time
from dataclasses import replace
from itertools import takewhile
from typing import Final

from .fields import Fields
from .heads import Head
from .pages import NO_WORKER, Notice

# The mark outlives the time in which it is asked for: who was cleared once is not cleared again.
CLEARED_FOR, MARK_LIFE = 90 * 86400.0, 120 * 86400
MARK: Final = b"__Host-firefly-fresh"
MOST_COOKIES, MOST_FOLDERS = 30, 6
CLEAR = b'Clear-Site-Data: "cache", "storage"\r\n'
_COOKIE = re.compile(rb"(?:^|;)[ \t]*+(?!__Host-firefly-)([!#$%&'*+\-.^_`|~0-9A-Za-z]++)=")


def step(head: Head, taken_over_at: float) -> Notice | bytes | None:
    """What has to happen before this request: an answer in the target's place, or field lines for the target's own.

    In the second case the request goes on without cookies. None: nothing has to.
    """
    if not _is_due(head, taken_over_at):
        return None
    fields = CLEAR + b"Set-Cookie: %b=%b; Max-Age=%d; Path=/; Secure; HttpOnly; SameSite=None; Partitioned\r\n" % (
        (MARK, _mark(taken_over_at), MARK_LIFE)
    )
    names = _COOKIE.findall(head.fields.cookies)[:MOST_COOKIES]
    if not names:
        return fields
    if head.method not in (b"GET", b"HEAD") or head.upgrade is not None:
        return b""
    # By host, since a path may begin with two slashes.
    location = b"Location: //%b%b\r\n" % (head.host, head.target)
    return Notice(307, "moved", "Moved", "It is here.", fields=location + fields + b"".join(_ended(head, names)))


def worker_refused(head: Head, taken_over_at: float | None) -> Notice:
    """The answer to a former service worker, which looks for a newer version of itself."""
    if taken_over_at is None or not _is_due(head, taken_over_at):
        return NO_WORKER
    return replace(NO_WORKER, fields=CLEAR)


def _is_due(head: Head, taken_over_at: float) -> bool:
    # What is no browser of today keeps nothing that could be cleared.
    if head.fetch_mode is None or head.cookie(MARK) == _mark(taken_over_at):
        return False
    return time.time() - taken_over_at < CLEARED_FOR


def without_cookies(head: Head) -> Head:
    """The same request as from a browser that keeps none."""
    text = re.sub(rb"\r\n(?i:cookie):[^\r]*+", b"", head.fields.text)
    bare = Head(head.method, head.target, Fields(text, modern=head.modern, host=None))
    bare.visitor = head.visitor
    return bare


def _mark(taken_over_at: float) -> bytes:
    return b"%d" % taken_over_at


def _ended(head: Head, names: list[bytes]) -> list[bytes]:
    """Cookies are ended by name, path and partition; those of other paths come, and end, when these are asked for."""
    parts = list(takewhile(lambda part: b";" not in part, head.path.split(b"/")[1:-1]))[:MOST_FOLDERS]
    folders = [b"/", *(b"/" + b"/".join(parts[:count]) for count in range(1, len(parts) + 1))]
    lines = []
    for name in names:
        for folder in folders:
            line = b"Set-Cookie: %b=; Max-Age=0; Path=%b; Secure; SameSite=None" % (name, folder)
            lines += [line + b"\r\n", line + b"; Partitioned\r\n"]
    return lines
