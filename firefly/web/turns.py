"""How many slow requests one caller may have under way, so that nobody takes what all others need."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from aiohttp import web

from firefly.errors import RateLimited

# Of the 32 processes that git has in all. Whoever is not signed in is one caller, together with all who are not.
MOST_AT_ONCE, MOST_VISITORS = 8, 16
WAIT = 5.0


class Turns:
    def __init__(self) -> None:
        self._taken: Counter[UUID | None] = Counter()

    @contextmanager
    def taken(self, account_id: UUID | None) -> Iterator[None]:
        """One turn of that account. Raises RateLimited where it has all of its turns."""
        most = MOST_AT_ONCE if account_id else MOST_VISITORS
        if self._taken[account_id] >= most:
            raise RateLimited(f"{most} of these requests are under way. Let one end, then try again.", retry_after=WAIT)
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]


GIT_TURNS: web.AppKey[Turns] = web.AppKey("git_turns", Turns)
# Whoever searches or downloads logs keeps a thread busy.
LOG_TURNS: web.AppKey[Turns] = web.AppKey("log_turns", Turns)
