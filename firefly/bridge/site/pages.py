"""Pages of the bridge's own in the preview: a script's output, nothing there yet, not found."""

from collections.abc import Sequence
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


def output_page(command: str, reason: str, lines: Sequence[str]) -> bytes:
    """What a script printed."""
    text = escape("\n".join(lines)) or "(no output)"
    return page(command, f"<p>{escape(reason)}</p><pre>{text}</pre>")


def empty_page() -> bytes:
    hint = "Add an <code>index.html</code>, a <code>package.json</code> with a script <code>dev</code>, "
    return page("Nothing to show yet", f"<p>{hint}a Python application, or a <code>firefly.yml</code>.</p>")


def missing_page(path: str) -> bytes:
    return page("Not found", f"<p>There is no file for <code>{escape(path)}</code> in this project.</p>")
