"""Pages of Firefly's own in a site's place, which need no script to be read."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1.25rem }}
h1 {{ font-size: 1.25rem }}
pre {{ font: 14px/1.5 ui-monospace, monospace; padding: 1rem; border-radius: 8px; overflow-x: auto;
      background: color-mix(in srgb, currentColor 8%, transparent); white-space: pre-wrap }}
</style></head>
<body><h1>{title}</h1>{content}</body></html>
"""


def page(title: str, content: str) -> bytes:
    """`content` is HTML."""
    return _PAGE.format(title=escape(title), content=content).encode()


def missing_page(path: str) -> bytes:
    return page("Not found", f"<p>There is no file for <code>{escape(path)}</code> in this project.</p>")
