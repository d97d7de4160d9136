"""What a page that grows is made of."""

import html
from typing import Final

from .pages import STYLE, Notice, card

NEUTRAL: Final = "On its way"
LAST: Final = b"0\r\n\r\n"

# What is superseded by what came after it is hidden, so that a line seems to change in its place. Not by `:last-child`:
# in Chromium nothing is that while its parent still grows.
_STYLE = """
body{grid-template-columns:minmax(0,1fr)}main{display:flex;flex-direction:column}small{order:1}
ol{margin:16px 0 0;padding:0;list-style:none;font-size:14px;color:var(--quiet)}
li{display:flex;flex-wrap:wrap;gap:0 8px;margin-top:8px}
li b{flex:1;font-weight:400}li.now b{color:var(--ink)}li.now:has(~li){display:none}
li::before{content:"✓";width:16px;flex:none;text-align:center;color:var(--done)}
li.now::before{content:"";width:8px;height:8px;margin:6px 4px 0;border-radius:50%;background:var(--accent)}
li time{font-variant-numeric:tabular-nums}
li code{flex:0 0 100%;box-sizing:border-box;padding-left:24px;overflow:hidden;font:12px/1.55 ui-monospace,monospace;
white-space:nowrap;text-overflow:ellipsis}
:root{--done:#1a7f37}@media(prefers-color-scheme:dark){:root{--done:#57ab5a}}
@media(prefers-reduced-motion:no-preference){li.now::before{animation:alive 2s ease-in-out infinite}}
@keyframes alive{50%{opacity:.35}}
"""
_TOP = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>Starting</title><style>{style}</style></head><body><main id=going>"
    "<h1>Starting</h1><p>The application is on its way. It appears here by itself.</p>"
    "<small>Request {reference}</small><ol aria-live=polite>\n"
)


def top(reference: str) -> bytes:
    return chunk(_TOP.format(style=STYLE + _STYLE, reference=html.escape(reference)))


def done(step: str, seconds: float) -> str:
    """A step that is over, and how long it took."""
    return f"<li><b>{html.escape(step)}</b> <time>{duration(seconds)}</time></li>"


def now(step: str, seconds: int, line: str, *, news: bool) -> str:
    """What goes on, since the beginning; without `news` only the time is another, and it is not read out."""
    quiet = "" if news else " aria-hidden=true"
    code = f"<code>{html.escape(line)}</code>" if line else ""
    return f"<li class=now{quiet}><b>{html.escape(step)}</b> <time>{duration(seconds)}</time>{code}</li>\n"


def refresh(after: int) -> str:
    return f'</ol></main><meta http-equiv="refresh" content="{after}"></body></html>\n'


def instead(notice: Notice) -> str:
    """Another card in the place of the page."""
    return f"</ol></main><style>#going{{display:none}}</style>{card(notice, '')}</body></html>\n"


def duration(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def chunk(text: str) -> bytes:
    data = text.encode()
    return b"%x\r\n%b\r\n" % (len(data), data)
