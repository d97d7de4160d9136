"""What projects ask for, and what they get."""

import pytest

from firefly.errors import InvalidInput
from firefly.sandbox.terms import NOTHING, Allowance, Wishes
from firefly.settings import Settings

GIB = 1 << 30


def allowance(settings: Settings, *, freezes: bool = True, **changes: object) -> Allowance:
    return Allowance(settings.model_copy(update=changes), freezes=freezes)


def test_a_project_that_asks_for_nothing_has_what_the_server_says(settings: Settings) -> None:
    terms = allowance(settings, idle_freeze=60, idle_stop=120, sandbox_pids=99, sandbox_max_age=0).grant()
    assert (terms.freeze, terms.stop, terms.limits.pids, terms.age, terms.notes) == (60, 120, 99, None, ())


def test_the_file_comes_before_the_settings(settings: Settings) -> None:
    terms = allowance(settings).grant(
        file=Wishes(memory=GIB // 2, freeze=0), stored=Wishes(memory=GIB, cpu=2, stop=7200, freeze=300)
    )
    assert (terms.limits.memory, terms.limits.cpu, terms.stop, terms.freeze) == (GIB // 2, 2, 7200, None)
    assert terms.notes == ()


def test_more_than_the_most_is_not_granted_and_the_sentence_says_so(settings: Settings) -> None:
    terms = allowance(settings).grant(file=Wishes(memory=64 * GIB, stop=10 * 86400.0, pids=1, disk=64 * GIB))
    assert (terms.limits.memory, terms.stop, terms.limits.pids, terms.limits.disk) == (2 * GIB, 86400, 16, 10 * GIB)
    assert terms.notes == (
        "firefly.yml asks for being stopped after 10 d; the most here is 1 d.",
        "firefly.yml asks for 64 GiB of memory; the most here is 2 GiB.",
        "firefly.yml asks for 1 processes; the least here is 16.",
        "firefly.yml asks for 64 GiB on the disk; the most here is 10 GiB.",
    )


def test_what_the_server_gives_everybody_may_be_asked_for(settings: Settings) -> None:
    generous = allowance(settings, sandbox_memory=8 * GIB)
    assert generous.grant(file=Wishes(memory=8 * GIB)).notes == ()
    generous.check(Wishes(memory=8 * GIB))


@pytest.mark.parametrize(
    ("wishes", "field"), [(Wishes(cpu=64), "cpu"), (Wishes(stop=1), "stop"), (Wishes(disk=11 * GIB), "disk")]
)
def test_settings_that_would_not_be_granted_are_refused(settings: Settings, wishes: Wishes, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        allowance(settings).check(wishes)
    assert refusal.value.field == field


def test_no_freezing_where_it_would_come_after_the_stop_or_the_machine_cannot(settings: Settings) -> None:
    late = Wishes(freeze=3600, stop=1800)
    assert allowance(settings).grant(stored=late).freeze is None
    assert allowance(settings, freezes=False).grant(stored=NOTHING).freeze is None
