"""A job's steps: in their order, with times, ended whatever happens; and the same again from PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

import pytest

from firefly.projects import Job, JobState, Step
from firefly.projects.job import Progressing
from firefly.testing.clock import ManualClock

NAMES = ("Find", "Receive", "Open")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def progress(clock: ManualClock) -> Progressing:
    steps = tuple(Step(name, JobState.QUEUED) for name in NAMES)
    job = Job(uuid4(), uuid4(), "import", JobState.QUEUED, steps, None, clock.now(), None, uuid4())
    made = Progressing(job, {}, clock)
    made.begin()
    return made


def states(progress: Progressing) -> list[str]:
    return [step.state.value for step in progress.job.steps]


def test_a_step_ends_those_before_it(progress: Progressing, clock: ManualClock) -> None:
    started = clock.now()
    progress.step("Find")
    assert states(progress) == ["running", "queued", "queued"]
    clock.advance(3)
    progress.step("Open")

    assert states(progress) == ["succeeded", "succeeded", "running"]
    assert progress.job.steps[0].started == started
    assert progress.job.steps[0].finished == started + timedelta(seconds=3)


def test_progress_of_a_step_keeps_when_it_started(progress: Progressing, clock: ManualClock) -> None:
    progress.step("Receive", "Receiving 1/9", 11)
    started = progress.job.steps[1].started
    clock.advance(1)
    progress.step("Receive", "x" * 500, 50)
    step = progress.job.steps[1]

    assert (step.started, step.percent, len(step.detail)) == (started, 50, 200)
    assert progress.changed.is_set()


def test_success_ends_every_step(progress: Progressing) -> None:
    progress.step("Find")
    progress.end(JobState.SUCCEEDED, None)

    assert states(progress) == ["succeeded"] * 3
    assert progress.job.finished_at is not None


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_failure_is_the_step_under_way(progress: Progressing, state: JobState) -> None:
    progress.step("Receive")
    progress.end(state, "No.")

    assert states(progress) == ["succeeded", state.value, "queued"]
    assert (progress.job.state, progress.job.error) == (state, "No.")


def test_beginning_again_forgets_what_was(progress: Progressing) -> None:
    progress.step("Open", "almost", 99)
    progress.begin()

    assert states(progress) == ["queued"] * 3
    assert progress.job.steps[2].detail == ""


def test_steps_come_back_from_json(progress: Progressing) -> None:
    progress.step("Receive", "Receiving", 40)

    assert tuple(Step.from_json(step.as_json()) for step in progress.job.steps) == progress.job.steps


@pytest.mark.parametrize("state", list(JobState))
def test_what_has_ended(state: JobState) -> None:
    assert state.ended == (state.value in {"succeeded", "failed", "cancelled"})
