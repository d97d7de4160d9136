"""What counts no more although its signature is good, in memory: asked without waiting, by any process of a server."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from .model import Identity


@dataclass(frozen=True)
class Holder:
    """In whose name something is open (a stream, a tunnel), by which credential, into which project."""

    account_id: UUID
    session_id: UUID | None = None
    token_id: UUID | None = None
    project_id: UUID | None = None

    @classmethod
    def of(cls, identity: Identity, project_id: UUID | None = None) -> "Holder":
        return cls(identity.account.id, identity.session_id, identity.token_id, project_id)


@dataclass(frozen=True)
class Revocation:
    """Refuses whatever was issued until `at` and matches every id that is set.

    `grant_id` stands alone and refuses preview grants, nothing else: it is a grant's own id, or that of what grants
    rest on, a link, a code, a password, a person or a whole project.
    """

    at: float
    account_id: UUID | None = None
    session_id: UUID | None = None
    project_id: UUID | None = None
    token_id: UUID | None = None
    grant_id: UUID | None = None

    def ends(self, holder: Holder) -> bool:
        """Whether what `holder` has open must end."""
        if self.grant_id is not None:
            return False
        wanted = ("account_id", "session_id", "token_id", "project_id")
        return all(getattr(self, name) in (None, getattr(holder, name)) for name in wanted)


Key = tuple[UUID | None, UUID | None, UUID | None]
NOBODY: Key = (None, None, None)


class Refusals:
    """`latest` and `of_grants` hold moments in POSIX seconds: what was issued until then is refused."""

    def __init__(self) -> None:
        self.latest: dict[Key, float] = {}
        self.of_grants: dict[UUID, float] = {}
        self._listeners: list[Callable[[Revocation], None]] = []

    def on_record(self, listener: Callable[[Revocation], None]) -> None:
        self._listeners.append(listener)

    def refuses(
        self,
        *,
        issued_at: float,
        account_id: UUID | None,
        session_id: UUID | None = None,
        project_id: UUID | None = None,
        grant_ids: Iterable[UUID] = (),
    ) -> bool:
        """Whether something issued at that moment (POSIX seconds) for these counts no more."""
        latest = self.latest
        if any(issued_at <= self.of_grants.get(id, 0.0) for id in grant_ids):
            return True
        if not latest:
            return False
        keys: tuple[Key, ...] = (
            (account_id, None, None),
            (None, session_id, None),
            (None, None, project_id),
            (account_id, None, project_id),
        )
        return any(issued_at <= latest.get(key, 0.0) for key in keys if key != NOBODY)

    def enter(self, revocation: Revocation) -> None:
        """Refuse from now on what `revocation` names, and tell the listeners."""
        key = (revocation.account_id, revocation.session_id, revocation.project_id)
        if revocation.grant_id is not None:
            self.of_grants[revocation.grant_id] = max(revocation.at, self.of_grants.get(revocation.grant_id, 0.0))
        elif key != NOBODY and revocation.token_id is None:
            self.latest[key] = max(revocation.at, self.latest.get(key, 0.0))
        for listener in self._listeners:
            listener(revocation)
