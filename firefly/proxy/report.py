"""What an administrator sees of the front door: the last minute, and this moment; reports of processes merge."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from firefly.routes import BridgeTarget, SandboxTarget

from .heavy import Talkers
from .journal import LAST_FAILURES, Failure
from .tally import SPANS

if TYPE_CHECKING:
    from .context import Context
    from .lag import Lag
    from .pool import Slot

SECONDS: Final = 60
TOP: Final = 20
MOST_SLOTS: Final = 50


@dataclass(frozen=True, slots=True)
class Talker:
    """A host or an address; numbers are reckoned from the requests that were looked at."""

    name: str
    requests: int
    sent: int
    errors: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """Connections to one port of a sandbox's instance, or to the app."""

    kind: str
    workspace_id: UUID | None
    port: int | None
    open: int
    idle: int


@dataclass(frozen=True, slots=True)
class Report:
    """`requests`, `errors`, durations and lags (`spans` as in `tally`) are those of the last `seconds`."""

    seconds: float
    requests: int
    errors: int
    spans: Sequence[int]
    lags: Sequence[int]
    longest_lag: float
    connections: int
    tunnels: int
    held: int
    pool: Sequence[Pooled]
    hosts: Sequence[Talker]
    clients: Sequence[Talker]
    failures: Sequence[Failure]


class Moment(NamedTuple):
    """What had been counted by then."""

    at: float
    requests: int
    errors: int
    spans: list[int]
    lags: list[int]
    longest_lag: float


class Minute:
    """The last minute, second by second."""

    def __init__(self, context: "Context", lag: "Lag") -> None:
        self._context = context
        self._lag = lag
        self._moments: deque[Moment] = deque([self._now()], maxlen=SECONDS + 1)

    def note(self) -> None:
        """Called once a second."""
        self._moments.append(self._now())

    def report(self) -> Report:
        context, first, last = self._context, self._moments[0], self._moments[-1]
        journal, slots = context.journal, sorted(context.pool.slots(), key=lambda slot: -slot.open)
        return Report(
            seconds=last.at - first.at,
            requests=last.requests - first.requests,
            errors=last.errors - first.errors,
            spans=_less(last.spans, first.spans),
            lags=_less(last.lags, first.lags),
            longest_lag=max(moment.longest_lag for moment in self._moments),
            connections=len(context.connections),
            tunnels=len(context.pipes),
            held=len(context.held),
            pool=[_pooled(slot) for slot in slots[:MOST_SLOTS]],
            hosts=_top(journal.hosts),
            clients=_top(journal.clients),
            failures=list(reversed(journal.failures)),
        )

    def _now(self) -> Moment:
        tallies = self._context.tallies.values()
        spans = [sum(numbers) for numbers in zip(*(tally.spans for tally in tallies), strict=True)]
        requests, errors = sum(tally.total for tally in tallies), sum(tally.errors for tally in tallies)
        return Moment(time.monotonic(), requests, errors, spans, list(self._lag.spans), self._lag.take_longest())


def merged(reports: Sequence[Report]) -> Report:
    """The report of all processes together."""
    return Report(
        seconds=max((report.seconds for report in reports), default=0.0),
        requests=sum(report.requests for report in reports),
        errors=sum(report.errors for report in reports),
        spans=_sum([report.spans for report in reports]),
        lags=_sum([report.lags for report in reports]),
        longest_lag=max((report.longest_lag for report in reports), default=0.0),
        connections=sum(report.connections for report in reports),
        tunnels=sum(report.tunnels for report in reports),
        held=sum(report.held for report in reports),
        pool=sorted((slot for report in reports for slot in report.pool), key=lambda slot: -slot.open)[:MOST_SLOTS],
        hosts=_together(talker for report in reports for talker in report.hosts),
        clients=_together(talker for report in reports for talker in report.clients),
        failures=sorted((one for report in reports for one in report.failures), key=lambda one: -one.at)[
            :LAST_FAILURES
        ],
    )


def _sum(all_spans: Sequence[Sequence[int]]) -> list[int]:
    return [sum(numbers) for numbers in zip([0] * SPANS, *all_spans, strict=True)]


def _less(spans: Sequence[int], before: Sequence[int]) -> list[int]:
    return [number - less for number, less in zip(spans, before, strict=True)]


def _pooled(slot: "Slot") -> Pooled:
    target = slot.target
    workspace_id = target.workspace_id if isinstance(target, SandboxTarget | BridgeTarget) else None
    port = target.port if isinstance(target, SandboxTarget) else None
    return Pooled(slot.tally.kind, workspace_id, port, slot.open, len(slot.idle))


def _top(talkers: Talkers) -> list[Talker]:
    return [Talker(name, count.requests, count.sent, count.errors) for name, count in talkers.top(TOP)]


def _together(talkers: Iterable[Talker]) -> list[Talker]:
    found: dict[str, Talker] = {}
    for one in talkers:
        known = found.get(one.name, Talker(one.name, 0, 0, 0))
        found[one.name] = Talker(
            one.name, known.requests + one.requests, known.sent + one.sent, known.errors + one.errors
        )
    return sorted(found.values(), key=lambda talker: -talker.requests)[:TOP]
