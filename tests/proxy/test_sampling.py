"""How many requests are looked at, and how many each of them stands for."""

import pytest

from firefly.proxy.sampling import Sampling


class Traffic:
    """Requests that come in ticks; `looked` has the weights of those that were looked at."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self.number = 0
        self.looked: list[int] = []

    def tick(self, requests: int) -> int:
        """Returns how many of them were looked at."""
        before = len(self.looked)
        for _ in range(requests):
            self.number += 1
            if self.number >= self.sampling.following:
                self.looked.append(self.sampling.take(self.number))
        self.sampling.tick(self.number)
        return len(self.looked) - before


def test_while_little_goes_on_all_are_looked_at() -> None:
    traffic = Traffic(Sampling(40, ticks=4, seed=1))
    for _ in range(20):
        assert traffic.tick(9) == 9
    assert set(traffic.looked) == {1}


@pytest.mark.parametrize("requests", [100, 1000, 5000])
def test_when_busy_about_as_many_as_agreed_and_together_they_stand_for_all(requests: int) -> None:
    traffic = Traffic(Sampling(400, ticks=4, seed=1))
    traffic.tick(requests)
    before = sum(traffic.looked)
    looked = [traffic.tick(requests) for _ in range(50)]
    assert max(looked) <= 300
    assert sum(traffic.looked) - before == pytest.approx(50 * requests, rel=0.1)


def test_a_sudden_rush_is_not_looked_at_in_full() -> None:
    traffic = Traffic(Sampling(40, ticks=4, seed=1))
    assert traffic.tick(100_000) <= 10 * 20
    assert traffic.sampling.stride > 1000


def test_after_a_rush_the_next_ones_are_looked_at_again() -> None:
    traffic = Traffic(Sampling(40, ticks=4, seed=1))
    traffic.tick(100_000)
    traffic.tick(1)
    assert traffic.tick(5) == 5


def test_all_means_all() -> None:
    traffic = Traffic(Sampling(None, ticks=4))
    assert traffic.tick(10_000) == 10_000
    assert set(traffic.looked) == {1}
