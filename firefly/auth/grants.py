"""Preview grants: how a visitor's browser proves itself on a content host without any cookie of the app.

A visit to a private preview sets a nonce cookie there and goes over to the app, which knows the visitor and answers
with a ticket: one time, 30 seconds, bound to host and nonce. Back on the preview's host, ticket and nonce together
make a grant, as do a link, a code, a password and an answered request. Its cookie is signed and lives for an hour; it
is renewed while it is used, and never past the grant's own end.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import UUID

from ..clock import Clock
from ..errors import Forbidden, Unauthenticated
from ..secrets import Keyring
from ..store import Connection, Database, load_queries
from .checks import GrantChecks
from .grant import Grant, Kind, hash_secret
from .model import Identity
from .revocations import Revocations

TICKET_LIFE, GRANT_LIFE = timedelta(seconds=30), timedelta(hours=12)
GRANT_KEYS = "preview-grant"
WRONG = "The ticket is used, expired or of another browser. Open the preview again."


@dataclass(frozen=True, slots=True)
class Ground:
    """Why an account gets in: as a member, or as the person of the entry `source_id` of the project's people."""

    kind: Kind = Kind.MEMBER
    source_id: UUID | None = None


MEMBERSHIP = Ground()


class PreviewGrants(GrantChecks):
    def __init__(self, db: Database, keyring: Keyring, revocations: Revocations, clock: Clock) -> None:
        super().__init__(keyring.derive_all(GRANT_KEYS), revocations, clock)
        self._db = db
        self._revocations = revocations
        self._queries = load_queries("auth")

    async def issue_ticket(
        self,
        identity: Identity,
        *,
        host: str,
        project_id: UUID,
        policy_version: int,
        nonce_hash: bytes,
        ground: Ground = MEMBERSHIP,
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
                hash=hash_secret(ticket),
                account_id=identity.account.id,
                session_id=identity.session_id,
                project_id=project_id,
                policy_version=policy_version,
                host=host,
                nonce_hash=nonce_hash,
                issued_at=now,
                expires_at=now + TICKET_LIFE,
                kind=ground.kind.value,
                source_id=ground.source_id,
            )
        return ticket

    async def redeem_ticket(self, ticket: str, *, host: str, nonce: str) -> Grant:
        """The grant. Any attempt, good or bad, spends the ticket. Raises Unauthenticated."""
        async with self._db.connection() as connection:
            row = await self._queries.take_ticket(connection, hash=hash_secret(ticket))
        if (
            row is None
            or row["expires_at"] <= self._clock.now()
            or row["host"] != host
            or not hmac.compare_digest(row["nonce_hash"], self.hash_nonce(nonce))
        ):
            raise Unauthenticated(WRONG)
        grant = self.make(
            Kind(row["kind"]),
            UUID(str(row["project_id"])),
            row["policy_version"],
            source_id=UUID(str(row["source_id"])) if row["source_id"] else None,
            account_id=UUID(str(row["account_id"])),
            session_id=UUID(str(row["session_id"])),
            # As old as the proof that it rests on, so that a sign-out in between counts.
            issued_at=row["issued_at"],
        )
        if self._is_revoked(grant):
            raise Unauthenticated(WRONG)
        return grant

    def make(
        self,
        kind: Kind,
        project_id: UUID,
        policy_version: int,
        *,
        source_id: UUID | None = None,
        account_id: UUID | None = None,
        session_id: UUID | None = None,
        issued_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Grant:
        """A new grant, which ends after twelve hours where no end is given."""
        now = self._clock.now()
        return Grant.new(
            kind,
            project_id,
            policy_version,
            source_id=source_id,
            account_id=account_id,
            session_id=session_id,
            issued_at=(issued_at or now).timestamp(),
            ends_at=(ends_at or now + GRANT_LIFE).timestamp(),
        ).renewed(now.timestamp())

    @staticmethod
    def hash_nonce(nonce: str) -> bytes:
        return hash_secret(nonce)

    async def revoke(
        self,
        reason: str,
        *,
        account_id: UUID | None = None,
        session_id: UUID | None = None,
        project_id: UUID | None = None,
        grant_id: UUID | None = None,
        connection: Connection | None = None,
    ) -> None:
        """End the grants issued until now that match every id that is given; at least one must be.

        `grant_id`, which stands alone, is a grant or what grants rest on: link, code, password, person, project.
        """
        ids = {"account_id": account_id, "session_id": session_id, "project_id": project_id, "grant_id": grant_id}
        if not any(ids.values()):
            raise ValueError("nothing to revoke")
        await self._revocations.record(reason, connection=connection, **ids)
