"""Who is to be led round all hosts of a project again, since a page of it was refused at one of them.

A port that begins to be listened on, or a host that is added, has no visitor's grant yet. The page that calls it is
refused; the next page that its visitor opens there is shown by way of all hosts, which brings the grant.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from firefly.proxy import Head

if TYPE_CHECKING:
    from firefly.auth import Grant

# Anybody can be refused and say that it was a page of the project: he costs its visitors one detour in this time.
EVERY, FORGOTTEN = 5.0, 600.0
MOST_PROJECTS, MOST_GRANTS = 256, 1024
# Whoever is led round is led back by his address, which the app takes only where it is no longer than this.
LONGEST_ADDRESS = 2000
SHOWN = frozenset({b"document", b"iframe", b"frame"})


@dataclass(slots=True)
class _Round:
    since: float
    led: set[tuple[UUID, float]] = field(default_factory=set)


class MissingGrants:
    """Those that this process was told of; `now` gives POSIX seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._listeners: list[Callable[[UUID], None]] = []
        self.rounds: dict[UUID, _Round] = {}
        """By project; mostly there are none."""

    def on_note(self, listener: Callable[[UUID], None]) -> None:
        """Called with each project that is noted anew."""
        self._listeners.append(listener)

    def note(self, project_id: UUID) -> None:
        """A request to a host of the project was refused to a page of the same project, here or in another process."""
        now = self._now()
        known = self.rounds.get(project_id)
        if known is not None and now - known.since < EVERY:
            return
        for old in [id for id, one in self.rounds.items() if now - one.since > FORGOTTEN]:
            del self.rounds[old]
        self.rounds.pop(project_id, None)
        if len(self.rounds) >= MOST_PROJECTS:
            del self.rounds[next(iter(self.rounds))]
        self.rounds[project_id] = _Round(now)
        for listener in self._listeners:
            listener(project_id)

    def concerns(self, project_id: UUID | None) -> bool:
        """Whether visitors of the project may have to be led round."""
        known = self.rounds.get(project_id) if self.rounds and project_id is not None else None
        return known is not None and self._now() - known.since <= FORGOTTEN

    def lead_round(self, grant: "Grant", head: Head) -> bool:
        """Whether this request for a page is to go by way of all hosts; once for each cookie."""
        known = self.rounds.get(grant.project_id)
        if known is None or not _is_shown(head) or grant.sealed_at > known.since:
            return False
        cookie = (grant.id, grant.expires_at)
        if cookie in known.led or len(known.led) >= MOST_GRANTS:
            return False
        known.led.add(cookie)
        return True


def _is_shown(head: Head) -> bool:
    return (
        head.method == b"GET"
        and head.upgrade is None
        and head.fetch_mode == b"navigate"
        and head.fetch_destination in SHOWN
        and head.field(b"sec-purpose") is None
        and len(head.target) <= LONGEST_ADDRESS
        and not head.target.startswith(b"//")
    )
