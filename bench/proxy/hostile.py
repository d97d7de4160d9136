"""What the most expensive hostile message that is known costs to read or refuse, for each KiB of it."""

from tests.proxy.test_cost import CASES, TIMES, cost

from ..harness import Row

# As long as a head may be.
SIZE = 16 * 1024
# Microseconds per KiB.
MOST = 50.0


def rows() -> list[Row]:
    """Each case by itself is held by tests/proxy/test_cost.py to cost twice as much for twice the length."""
    costs = {name: cost(work, make(SIZE)) / TIMES * 1e6 / (SIZE / 1024) for name, work, make in CASES}
    name = max(costs, key=lambda name: costs[name])
    worst, name = costs[name], f"hostile message, the worst ({name})"
    return [Row(name, round(worst, 2), "µs/KiB", target=f"≤ {MOST:g} µs/KiB", ok=worst <= MOST)]
