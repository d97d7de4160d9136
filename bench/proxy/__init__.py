"""The front door beside nginx, HAProxy, Caddy, configurable-http-proxy and a plain aiohttp proxy, in one run.

The proxy has one core for itself, the load and the upstream (nginx, from memory) share the other. CPU per request is
the proxy's user and system time from /proc over the requests that were answered. Firefly runs with its gate (a grant
cookie is checked for every request), the activity clock and a thousand routes; the peers only forward. Of several
rounds the one that cost least counts: it was disturbed least.
"""

from collections.abc import Callable, Sequence
from functools import partial

from firefly import log as logging

from ..harness import Row, attempt
from . import additions, bodies, hostile, idle, latency, messages, pauses, requests, sleepers
from .rig import Rig, set_up

ROUNDS, SECONDS = 3, 3


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Row]:
    """Measure everything, with whatever peers are installed."""
    # What is heard of from here on is a benchmark's; the servers that it starts have logs of their own.
    logging.configure(level="error")
    made = list[Row]()
    with set_up(rounds, seconds) as rig:
        for name, rows in _measurements(rig):
            made += attempt("proxy", name, rows)
    return made


def _measurements(rig: Rig) -> Sequence[tuple[str, Callable[[], list[Row]]]]:
    peaks = dict[str, float]()
    return (
        ("requests", partial(requests.rows, rig, peaks)),
        ("latency", partial(latency.rows, rig, peaks)),
        ("bodies", partial(bodies.rows, rig)),
        ("messages", partial(messages.rows, rig)),
        ("idle tunnels", partial(idle.rows, rig)),
        ("routes", partial(additions.rows, rig)),
        ("sleeping targets", partial(sleepers.rows, rig)),
        ("pauses", pauses.rows),
        ("hostile messages", hostile.rows),
    )
