"""Pauses between starts after failures."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox.slots import GOOD_RUN, LONGEST_PAUSE, Slot


def slot() -> Slot:
    return Slot(uuid4(), datetime.now(UTC), reason="It crashed.", output="boom")


def test_a_new_slot_may_start_at_once() -> None:
    made = slot()
    made.check_pause(0.0)
    assert made.failures == 0


def test_pauses_double_up_to_a_minute() -> None:
    made, pauses = slot(), []
    for _ in range(9):
        made.failed(100.0)
        pauses.append(made.retry_at - 100.0)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(pauses) == LONGEST_PAUSE


def test_within_the_pause_the_last_failure_is_told_again() -> None:
    made = slot()
    made.failed(10.0)
    with pytest.raises(SandboxFailed, match=r"It crashed\.") as failure:
        made.check_pause(10.4)
    assert failure.value.output == "boom"
    assert failure.value.retry_after == pytest.approx(0.6)
    made.check_pause(11.0)


def test_a_good_run_makes_earlier_failures_forgotten() -> None:
    made = slot()
    for _ in range(5):
        made.failed(0.0)
    made.started_at = 10.0
    made.ended_by_itself(10.0 + GOOD_RUN)
    assert made.failures == 1


def test_a_short_run_counts_on() -> None:
    made = slot()
    made.failed(0.0)
    made.started_at = 10.0
    made.ended_by_itself(11.0)
    assert made.failures == 2


def test_forgiving_lets_it_start_at_once() -> None:
    made = slot()
    made.failed(10.0)
    made.forgive()
    made.check_pause(10.0)
    assert made.failures == 0
