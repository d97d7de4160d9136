"""How much of a log is kept: what came first, and what came last."""

from hypothesis import given
from hypothesis import strategies as st

from firefly.builds.log.bound import Bound


def kept(most: int, sizes: list[int]) -> list[int]:
    """First lines of the pieces that are left, when each has one line."""
    bound, left = Bound(most), list[int]()
    for line, size in enumerate(sizes, start=1):
        left.append(line)
        if cut := bound.add(line, size):
            left = [one for one in left if not cut.after < one <= cut.through]
    return left


def test_what_fits_is_kept() -> None:
    assert kept(100, [10] * 10) == list(range(1, 11))


def test_of_what_does_not_fit_the_beginning_and_the_end_are_kept() -> None:
    left = kept(100, [10] * 1000)
    assert left[:5] == [1, 2, 3, 4, 5]
    assert left[-1] == 1000
    assert 9 <= len(left) <= 10


@given(st.lists(st.integers(1, 30), min_size=1, max_size=200))
def test_never_more_than_may_be_and_always_both_ends(sizes: list[int]) -> None:
    left = kept(100, sizes)
    assert sum(sizes[line - 1] for line in left) <= 100
    assert left[0] == 1
    assert left[-1] == len(sizes)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=100))
def test_it_goes_on_where_another_one_left_it(sizes: list[int]) -> None:
    left = list[int]()
    for line, size in enumerate(sizes, start=1):
        cut = Bound(100, [(one, sizes[one - 1]) for one in left]).add(line, size)
        left = [one for one in [*left, line] if cut is None or not cut.after < one <= cut.through]
        assert sum(sizes[one - 1] for one in left) <= 100
    assert left[0] == 1
    assert left[-1] == len(sizes)
