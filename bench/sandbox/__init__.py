"""Sandboxes beside what others start in their place: JupyterHub's local spawner, and bare `docker run`.

Everything goes through a whole `firefly serve` and its public API, and ends with an answer of the project's preview. It
is timed from the client's side.
"""

from firefly import log as logging

from ..harness import Row, attempt
from . import containers, creating, many, remixes, templates, waking

MEASUREMENTS = (
    ("creating", creating.rows),
    ("waking", waking.rows),
    ("templates", templates.rows),
    ("containers", containers.rows),
    ("remixes", remixes.rows),
    ("many", many.rows),
)


def run() -> list[Row]:
    # What is heard of from here on is a benchmark's; the servers that it starts have logs of their own.
    logging.configure(level="error")
    return [row for name, rows in MEASUREMENTS for row in attempt("sandbox", name, rows)]
