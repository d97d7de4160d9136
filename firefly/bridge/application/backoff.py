"""How long to wait before a crashed application is started again."""

FIRST, LONGEST = 1.0, 60.0
MOST_TRIES = 8
# One that ran this long did start; its next crash is a new story.
GOOD_RUN = 30.0


class Backoff:
    def __init__(self) -> None:
        self.failures = 0

    def failed(self, *, after: float) -> float | None:
        """Seconds to wait, having run for `after` seconds; None when trying again makes no sense by itself."""
        self.failures = 1 if after >= GOOD_RUN else self.failures + 1
        if self.failures > MOST_TRIES:
            return None
        return min(FIRST * 2.0 ** (self.failures - 1), LONGEST)

    def reset(self) -> None:
        self.failures = 0
