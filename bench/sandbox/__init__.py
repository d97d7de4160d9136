"""Sandboxes beside what others start in their place: JupyterHub's local spawner, and bare `docker run`.

Everything goes through a whole `firefly serve` and its public API, and ends with an answer of the project's preview. It
is timed from the client's side.
"""

import os

from firefly import log as logging

from ..harness import Row, attempt, find, skipped
from . import containers, creating, many, remixes, templates, waking

NEEDED = ("bwrap", "slirp4netns", "git")
MEASUREMENTS = (
    ("creating", creating.rows),
    ("waking", waking.rows),
    ("templates", templates.rows),
    ("containers", containers.rows),
    ("remixes", remixes.rows),
    ("many", many.rows),
)


def run() -> list[Row]:
    if lacks := [program for program in NEEDED if find(program) is None] + (["root"] if os.getuid() else []):
        return [skipped(name, f"{', '.join(lacks)} not there") for name, _ in MEASUREMENTS]
    # What is heard of from here on is a benchmark's; the servers that it starts have logs of their own.
    logging.configure(level="error")
    return [row for name, rows in MEASUREMENTS for row in attempt("sandbox", name, rows)]
