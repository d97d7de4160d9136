"""Builds, from the push to the page that shows what was built: what Firefly adds to the project's own commands.

Everything goes through a whole `firefly serve`: pushes by git, the rest by the public API, timed from outside.
"""

import os

from firefly import log as logging

from ..harness import Row, attempt, find, skipped
from . import images, log, making, queue

NEEDED = ("bwrap", "slirp4netns", "git")
MEASUREMENTS = (
    ("making", making.rows),
    ("images", images.rows),
    ("log", log.rows),
    ("queue", queue.rows),
)


def run() -> list[Row]:
    if lacks := lacking():
        return [skipped(name, lacks) for name, _ in MEASUREMENTS]
    logging.configure(level="error")
    return [row for name, rows in MEASUREMENTS for row in attempt("builds", name, rows)]


def lacking() -> str:
    """Why no build can be measured on this machine; empty where it can."""
    lacks = [program for program in NEEDED if find(program) is None] + (["root"] if os.getuid() else [])
    return f"{', '.join(lacks)} not there" if lacks else ""
