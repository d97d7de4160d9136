"""Preview grants: how a member's browser proves itself on a content host without any cookie of the app.

A visit to a private preview sets a nonce cookie there and goes over to the app, which knows the member and answers
with a ticket: one time, 30 seconds, bound to host and nonce. Back on the preview's host, ticket and nonce together
give the grant: a signed cookie, bound to account, session, project and version of the project's policy.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import UUID

from ..clock import Clock
from ..errors import Forbidden, Unauthenticated
from ..secrets import Keyring
from ..store import Database, load_queries
from .cache import BoundedCache
from .model import Identity
from .revocations import Revocations

TICKET_LIFE, GRANT_LIFE = timedelta(seconds=30), timedelta(hours=12)
CACHED, LONGEST = 16384, 256
# account, session, project, version of the policy, issued at, expires at (microseconds)
_BODY, _MAC = struct.Struct(">16s16s16sQQQ"), 32
_PERSON = b"firefly-grant"
WRONG = "The ticket is used, expired or of another browser. Open the preview again."


@dataclass(frozen=True, slots=True)
class Grant:
    """Times are POSIX seconds."""

    account_id: UUID
    session_id: UUID
    project_id: UUID
    policy_version: int
    issued_at: float
    expires_at: float


class PreviewGrants:
    def __init__(self, db: Database, keyring: Keyring, revocations: Revocations, clock: Clock) -> None:
        self._db = db
        self._revocations = revocations
        self._clock = clock
        self._keys = keyring.derive_all("preview-grant")
        self._queries = load_queries("auth")
        # Every request to a preview asks: a revocation, being rare, empties the cache instead of being asked for.
        self._verified: BoundedCache[bytes, Grant] = BoundedCache(CACHED)
        revocations.on_record(lambda _: self._verified.clear())

    async def issue_ticket(
        self,
        identity: Identity,
        *,
        host: str,
        project_id: UUID,
        policy_version: int,
        nonce_hash: bytes,
        checked_at: datetime | None = None,
    ) -> str:
        """A ticket for the content host `host`. The caller has checked that the account may see the project.

        `checked_at` is a moment before that check: what was revoked since counts. `nonce_hash` is `hash_nonce` of the
        nonce in that host's cookie. Raises Forbidden for anything but a session.
        """
        if identity.session_id is None:
            raise Forbidden("Previews are opened in a browser that is signed in.")
        ticket, now = token_urlsafe(32), checked_at or self._clock.now()
        async with self._db.connection() as connection:
            await self._queries.insert_ticket(
                connection,
                hash=_hash(ticket),
                account_id=identity.account.id,
                session_id=identity.session_id,
                project_id=project_id,
                policy_version=policy_version,
                host=host,
                nonce_hash=nonce_hash,
                issued_at=now,
                expires_at=now + TICKET_LIFE,
            )
        return ticket

    async def redeem_ticket(self, ticket: str, *, host: str, nonce: str) -> str:
        """The value of the grant cookie. Any attempt, good or bad, spends the ticket. Raises Unauthenticated."""
        async with self._db.connection() as connection:
            row = await self._queries.take_ticket(connection, hash=_hash(ticket))
        now = self._clock.now()
        if (
            row is None
            or row["expires_at"] <= now
            or row["host"] != host
            or not hmac.compare_digest(row["nonce_hash"], self.hash_nonce(nonce))
        ):
            raise Unauthenticated(WRONG)
        grant = Grant(
            account_id=UUID(str(row["account_id"])),
            session_id=UUID(str(row["session_id"])),
            project_id=UUID(str(row["project_id"])),
            policy_version=row["policy_version"],
            # As old as the proof that it rests on, so that a sign-out in between counts.
            issued_at=row["issued_at"].timestamp(),
            expires_at=(now + GRANT_LIFE).timestamp(),
        )
        if self._is_revoked(grant):
            raise Unauthenticated(WRONG)
        return self._seal(grant)

    @staticmethod
    def hash_nonce(nonce: str) -> bytes:
        return _hash(nonce)

    def verify(self, value: bytes, project_id: UUID, policy_version: int) -> Grant | None:
        """The grant in a cookie's value, if it is good for that project at that version of its policy. Never waits."""
        grant = self._verified.get(value)
        if grant is None:
            grant = self._open(value)
            if grant is None or self._is_revoked(grant):
                return None
            self._verified.put(value, grant)
        if (
            grant.project_id != project_id
            or grant.policy_version != policy_version
            or grant.expires_at <= self._clock.now().timestamp()
        ):
            return None
        return grant

    async def revoke(
        self, reason: str, *, account_id: UUID | None = None, session_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> None:  # fmt: skip
        """End the grants issued until now that match every id that is given; at least one must be."""
        if account_id is None and session_id is None and project_id is None:
            raise ValueError("nothing to revoke")
        await self._revocations.record(reason, account_id=account_id, session_id=session_id, project_id=project_id)

    def _is_revoked(self, grant: Grant) -> bool:
        return self._revocations.refuses(
            issued_at=grant.issued_at,
            account_id=grant.account_id,
            session_id=grant.session_id,
            project_id=grant.project_id,
        )

    def _seal(self, grant: Grant) -> str:
        body = _BODY.pack(
            grant.account_id.bytes,
            grant.session_id.bytes,
            grant.project_id.bytes,
            grant.policy_version,
            round(grant.issued_at * 1e6),
            round(grant.expires_at * 1e6),
        )
        return base64.urlsafe_b64encode(body + _mac(self._keys[0], body)).rstrip(b"=").decode()

    def _open(self, value: bytes) -> Grant | None:
        if len(value) > LONGEST:
            return None
        try:
            raw = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) != _BODY.size or not any(hmac.compare_digest(mac, _mac(key, body)) for key in self._keys):
            return None
        account, session, project, version, issued, expires = _BODY.unpack(body)
        return Grant(
            UUID(bytes=account), UUID(bytes=session), UUID(bytes=project), version, issued / 1e6, expires / 1e6
        )


def _mac(key: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=_MAC, person=_PERSON).digest()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def expires_in(grant: Grant, now: datetime) -> float:
    """Seconds that a grant still holds, for the cookie's age."""
    return max(0.0, grant.expires_at - now.timestamp())
