"""What is counted, and what is read from it."""

from uuid import uuid4

import pytest

from firefly.proxy.tally import SPANS, at_most, kind_of, quantile, span
from firefly.routes import AppTarget, BridgeTarget, SandboxTarget, Target

WORKSPACE = uuid4()


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (AppTarget(), "app"),
        (SandboxTarget(WORKSPACE), "preview"),
        (SandboxTarget(WORKSPACE, 5173), "port"),
        (BridgeTarget(WORKSPACE), "bridge"),
    ],
)
def test_what_kind_a_target_is(target: Target, kind: str) -> None:
    assert kind_of(target) == kind


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.000_9, 0.001, 1.0, 200.0, 1e6])
def test_a_duration_is_counted_where_it_belongs(seconds: float) -> None:
    index = span(seconds)
    assert seconds <= at_most(index) or index == SPANS - 1
    assert index == 0 or seconds >= at_most(index - 1)


def test_quantiles_lie_within_the_span_that_holds_them() -> None:
    spans = [0] * SPANS
    assert quantile(spans, 0.5) == 0
    spans[span(0.001)] = 99
    spans[span(1.0)] = 1
    assert 0.000_5 <= quantile(spans, 0.5) <= 0.001_1
    assert 0.000_5 <= quantile(spans, 0.99) <= 0.001_1
    assert 0.5 <= quantile(spans, 0.999) <= 1.1
