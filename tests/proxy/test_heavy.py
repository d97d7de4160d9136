"""Who asks most, in bounded memory."""

import random

from firefly.proxy.heavy import Heavy, Talkers


def test_whoever_asks_often_is_found_among_very_many_who_do_not() -> None:
    heavy, chance = Heavy(16), random.Random(1)
    for number in range(20_000):
        heavy.add("often" if chance.random() < 0.2 else f"once {number}", 1, sent=10, errors=0)
    assert len(heavy.counts) == 16
    found = heavy.counts["often"]
    assert found.requests - found.spare <= 4200
    assert found.requests >= 3800
    assert found.sent <= 42_000


def test_a_minute_later_it_is_forgotten() -> None:
    talkers = Talkers(parts=3)
    talkers.add("one", 5, sent=50, errors=1)
    talkers.turn()
    talkers.add("one", 1, sent=1, errors=0)
    talkers.add("two", 9, sent=9, errors=0)
    assert [(name, count.requests, count.sent, count.errors) for name, count in talkers.top(5)] == [
        ("two", 9, 9, 0),
        ("one", 6, 51, 1),
    ]
    assert [name for name, _ in talkers.top(1)] == ["two"]
    for _ in range(3):
        talkers.turn()
    assert talkers.top(5) == []
