"""Pages of the bridge's own in the preview: a script's output, nothing there yet."""

from collections.abc import Sequence
from html import escape

from firefly.pages import page


def output_page(command: str, reason: str, lines: Sequence[str]) -> bytes:
    """What a script printed."""
    text = escape("\n".join(lines)) or "(no output)"
    return page(command, f"<p>{escape(reason)}</p><pre>{text}</pre>")


def empty_page() -> bytes:
    hint = "Add an <code>index.html</code>, a <code>package.json</code> with a script <code>dev</code>, "
    return page("Nothing to show yet", f"<p>{hint}a Python application, or a <code>firefly.yml</code>.</p>")
