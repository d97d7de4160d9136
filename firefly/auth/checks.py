"""What the front door asks about the cookies of grants: keys, and what was revoked, are all it takes."""

from collections.abc import Sequence
from uuid import UUID

from ..clock import Clock
from .cache import BoundedCache
from .grant import Grant, Sealer, mark_due
from .refusals import Refusals

CACHED = 16384


class GrantChecks:
    """Never waits. `keys` are those of grants: the first signs, any opens."""

    def __init__(self, keys: Sequence[bytes], refusals: Refusals, clock: Clock) -> None:
        self.keys = keys
        self._refusals = refusals
        self._clock = clock
        self._sealer = Sealer(keys)
        # Every request to a preview asks: a revocation, being rare, empties the cache instead of being asked for.
        self._verified: BoundedCache[bytes, Grant] = BoundedCache(CACHED)
        refusals.on_record(lambda _: self._forget())
        self.now = clock.time
        """The time by which grants are judged."""
        self.era = object()
        """Another one once anything was revoked, or is judged otherwise: what was concluded before counts no more."""

    def seal(self, grant: Grant) -> str:
        """The value of its cookie."""
        return self._sealer.seal(grant)

    def renew(self, grant: Grant) -> Grant:
        """The same grant with another hour, or as much as it has left."""
        return grant.renewed(self._clock.time())

    def remaining(self, grant: Grant) -> int:
        """Seconds until the grant's own end, for the age of its cookie."""
        return max(0, int(grant.ends_at - self._clock.time()))

    def verify(self, value: bytes, project_id: UUID, policy_version: int) -> Grant | None:
        """The grant in a cookie's value, if it is good for that project at that version of its policy. Never waits.

        One that `is_due` wants a new cookie.
        """
        grant = self._verified.get(value)
        if grant is None:
            grant = self._sealer.open(value)
            if grant is None or self._is_revoked(grant):
                return None
            self._verified.put(value, grant)
        now = self._clock.time()
        if grant.project_id != project_id or grant.policy_version != policy_version or grant.expires_at <= now:
            return None
        if grant.renew_at <= now and not grant.is_due:
            grant = mark_due(grant)
            self._verified.put(value, grant)
        return grant

    def conclude_anew(self) -> None:
        """Let nothing count that was concluded before."""
        self.era = object()

    def _forget(self) -> None:
        self._verified.clear()
        self.conclude_anew()

    def recall(self, value: bytes, project_id: UUID, policy_version: int) -> Grant | None:
        """As `verify`, also where the cookie has expired: whether the grant stands is then to be looked up."""
        grant = self._sealer.open(value)
        return grant if grant is not None and self.stands(grant, project_id, policy_version) else None

    def stands(self, grant: Grant, project_id: UUID, policy_version: int) -> bool:
        """Whether a grant that we have made is good for that project, and has neither ended nor been ended."""
        if self._is_revoked(grant) or grant.ends_at <= self._clock.time():
            return False
        return (grant.project_id, grant.policy_version) == (project_id, policy_version)

    def _is_revoked(self, grant: Grant) -> bool:
        return self._refusals.refuses(
            issued_at=grant.issued_at,
            account_id=grant.account_id,
            session_id=grant.session_id,
            project_id=grant.project_id,
            grant_ids=(grant.id, grant.source_id, grant.project_id)
            if grant.source_id
            else (grant.id, grant.project_id),
        )
