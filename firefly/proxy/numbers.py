"""The front door's numbers in one flat mapping: name and labels as Prometheus writes them -> value.

Those of several processes add up to those of all, name by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from .lag import Lag
from .tally import SPANS, Tally, at_most

if TYPE_CHECKING:
    from .context import Context

Sample = tuple[str, float]
PREFIX = "front_door_"
# The shortest durations are told as one: up to 32 µs.
SHORTEST = 5


def numbers(context: "Context", lag: Lag) -> dict[str, float]:
    """What was counted since the start (`…_total`, histograms), and what is now (all others)."""
    samples: dict[str, float] = {}
    for tally in context.tallies.values():
        samples.update(_traffic(tally))
    for pipe in context.pipes:
        kind = pipe.slot.tally.kind
        samples[f'received_bytes_total{{kind="{kind}"}}'] += pipe.passed
        samples[f'sent_bytes_total{{kind="{kind}"}}'] += pipe.other.passed
    samples.update(_now(context))
    samples.update((f"{name}_total", float(value)) for name, value in context.counters.items())
    samples["access_log_left_out_total"] = float(context.journal.left_out)
    samples.update(_histogram("loop_lag_seconds", "", lag.spans, lag.seconds))
    return {f"{PREFIX}{name}": value for name, value in samples.items()}


def together(sources: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The numbers of several parts or processes, added up name by name."""
    values: dict[str, float] = {}
    for source in sources:
        for name, value in source.items():
            values[name] = values.get(name, 0.0) + value
    return values


def only_grows(name: str) -> bool:
    """Whether a number says what happened since the start, and not how things are now."""
    return name.partition("{")[0].endswith(("_total", "_bucket", "_count", "_sum"))


def _traffic(tally: Tally) -> Iterator[Sample]:
    kind = f'kind="{tally.kind}"'
    for visitor, status, number in tally.requests():
        if number:
            yield f'requests_total{{{kind},visitor="{visitor}",status="{status}"}}', float(number)
    yield f"received_bytes_total{{{kind}}}", float(tally.received)
    yield f"sent_bytes_total{{{kind}}}", float(tally.sent)
    yield from _histogram("request_seconds", f"{kind},", tally.spans, tally.seconds)


def _histogram(name: str, labels: str, spans: Sequence[int], seconds: float) -> Iterator[Sample]:
    for index, number in enumerate(accumulate(spans)):
        if SHORTEST <= index < SPANS - 1:
            yield f'{name}_bucket{{{labels}le="{at_most(index):g}"}}', float(number)
    everything = float(sum(spans))
    yield f'{name}_bucket{{{labels}le="+Inf"}}', everything
    bare = f"{{{labels.rstrip(',')}}}" if labels else ""
    yield f"{name}_count{bare}", everything
    yield f"{name}_sum{bare}", seconds


def _now(context: "Context") -> Mapping[str, float]:
    """What is open at this moment, by kind where it has one."""
    values = {
        "connections": float(len(context.connections)),
        "held": float(len(context.held)),
        "dialing": float(sum(context.waiting.values())),
    }
    for kind in context.tallies:
        if kind != "none":
            values |= {f'{name}{{kind="{kind}"}}': 0.0 for name in ("tunnels", "pool_open", "pool_idle")}
    for pipe in context.pipes:
        values[f'tunnels{{kind="{pipe.slot.tally.kind}"}}'] += 1
    for slot in context.pool.slots():
        values[f'pool_open{{kind="{slot.tally.kind}"}}'] += slot.open
        values[f'pool_idle{{kind="{slot.tally.kind}"}}'] += len(slot.idle)
    return values
