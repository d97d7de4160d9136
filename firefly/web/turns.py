"""How many slow requests one caller may have under way, so that nobody takes what all others need."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from aiohttp import web

from firefly.errors import RateLimited

# Of the 32 processes that git has: one account's, or those of visitors from one network; and those of all visitors.
MOST_AT_ONCE, MOST_VISITORS = 8, 16
WAIT = 5.0


class Turns:
    def __init__(self) -> None:
        self._taken: Counter[UUID | str | None] = Counter()

    @contextmanager
    def taken(self, account_id: UUID | None, network: str = "") -> Iterator[None]:
        """One turn of that account, or of visitors from that network. Raises RateLimited where all are taken."""
        bounds = {account_id: MOST_AT_ONCE} if account_id else {network: MOST_AT_ONCE, None: MOST_VISITORS}
        for party, most in bounds.items():
            if self._taken[party] >= most:
                told = f"{most} of these requests are under way. Let one end, then try again."
                raise RateLimited(told, retry_after=WAIT)
        self._taken.update(bounds.keys())
        try:
            yield
        finally:
            self._taken.subtract(bounds.keys())
            self._taken += Counter()


GIT_TURNS: web.AppKey[Turns] = web.AppKey("git_turns", Turns)
# Whoever searches or downloads logs keeps a thread busy.
LOG_TURNS: web.AppKey[Turns] = web.AppKey("log_turns", Turns)
