"""Browser sessions: a short signed access token that is checked in memory, and a refresh token that rotates."""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import structlog

from ..clock import Clock
from ..errors import Unauthenticated
from ..secrets import Keyring
from ..store import Database, load_queries
from .cache import BoundedCache
from .keys import SigningKey, SigningKeys
from .model import EVERYTHING, Account, Identity
from .revocations import Revocations

log = structlog.get_logger()

ALGORITHM, AUDIENCE = "EdDSA", "firefly-session"
ACCESS_LIFE = timedelta(minutes=5)
IDLE_LIFE, LONGEST_LIFE = timedelta(days=30), timedelta(days=180)
# Tabs of one browser refresh at the same moment with the same token, and answers get lost.
GRACE = timedelta(seconds=30)
LONGEST_ACCESS, LONGEST_USER_AGENT = 2048, 200
CACHED = 4096
_REFRESH, _MAC = struct.Struct(">16sI"), 32
EXPIRED = "The session has ended. Sign in again."


@dataclass(frozen=True)
class SessionCookies:
    """What the browser keeps: `access` lives five minutes, `refresh` until it is used or 30 days."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True)
class Session:
    id: UUID
    user_agent: str
    address: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class _Access:
    identity: Identity
    issued_at: float
    expires_at: float


class Sessions:
    def __init__(
        self, db: Database, keyring: Keyring, keys: SigningKeys, revocations: Revocations, clock: Clock, *, issuer: str
    ) -> None:
        """`issuer` is the app's URL: a token of one installation is none of another."""
        self._db = db
        self._keyring = keyring
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._issuer = issuer
        self._queries = load_queries("auth")
        self._verified: BoundedCache[str, _Access] = BoundedCache(CACHED)

    async def open(self, account: Account, *, user_agent: str, address: str | None) -> SessionCookies:
        """Begin a session of `account`, who has just proven to be it."""
        now = self._clock.now()
        async with self._db.connection() as connection:
            row = await self._queries.insert_session(
                connection,
                account_id=account.id,
                user_agent=user_agent[:LONGEST_USER_AGENT].replace("\0", ""),
                address=address,
                now=now,
                expires_at=now + IDLE_LIFE,
            )
        return await self._cookies(account, UUID(str(row["id"])), generation=0, since=now)

    def verify(self, access: str) -> Identity:
        """Whose session that is; answered from memory, each token's signature checked once.

        Raises Unauthenticated for what is expired, revoked, or not a token of ours.
        """
        found = self._verified.get(access)
        if found is None:
            found = self._decode(access)
            self._verified.put(access, found)
        identity = found.identity
        if self._clock.now().timestamp() >= found.expires_at or self._revocations.refuses(
            issued_at=found.issued_at, account_id=identity.account.id, session_id=identity.session_id
        ):
            raise Unauthenticated(EXPIRED)
        return identity

    async def refresh(self, refresh: str) -> SessionCookies:
        """New cookies for the session of that refresh token, which is spent by this.

        The token spent last gives the same successor again for 30 seconds. After that, and for any older one, it was
        copied: the session is closed. Raises Unauthenticated.
        """
        id, generation = self._open_refresh(refresh)
        now = self._clock.now()
        async with self._db.connection() as connection:
            row = await self._queries.rotate_session(
                connection,
                id=id,
                generation=generation,
                now=now,
                expires_at=now + IDLE_LIFE,
                longest=LONGEST_LIFE.total_seconds(),
            )
            if not (rotated := row is not None):
                row = await self._queries.session_with_account(connection, id=id)
        if not rotated:
            await self._check_reuse(row, id, generation)
        return await self._cookies(Account.from_row(row), id, generation=row["generation"], since=now)

    async def peek(self, refresh: str) -> Identity:
        """Whose refresh token that is, without spending it: for answers that cannot carry new cookies.

        Raises Unauthenticated for what `refresh` would refuse; an old token is refused without closing the session.
        """
        id, generation = self._open_refresh(refresh)
        now = self._clock.now()
        async with self._db.connection() as connection:
            row = await self._queries.session_with_account(connection, id=id)
        if row is None or row["closed_at"] is not None or row["expires_at"] <= now:
            raise Unauthenticated(EXPIRED)
        spent_just_now = row["generation"] == generation + 1 and now - row["rotated_at"] <= GRACE
        if row["generation"] != generation and not spent_just_now:
            raise Unauthenticated(EXPIRED)
        return Identity(Account.from_row(row), EVERYTHING, "session", session_id=id)

    async def close(self, id: UUID) -> None:
        """End a session; its access tokens and preview grants stop at once. One that is over already is left alone."""
        async with self._db.transaction() as connection:
            account_id = await self._queries.close_session(connection, id=id, now=self._clock.now())
            if account_id is not None:
                await self._revocations.record("signed out", session_id=id, connection=connection)

    async def close_all(self, account_id: UUID) -> None:
        """Sign out everywhere."""
        async with self._db.transaction() as connection:
            await self._queries.close_sessions(connection, account_id=account_id, kept=None, now=self._clock.now())
            await self._revocations.record("signed out everywhere", account_id=account_id, connection=connection)

    async def list(self, account_id: UUID) -> list[Session]:
        """The open sessions of an account, last used first."""
        async with self._db.connection() as connection:
            rows = self._queries.sessions(connection, account_id=account_id, now=self._clock.now())
            return [Session(**{**dict(row), "id": UUID(str(row["id"]))}) async for row in rows]

    async def _check_reuse(self, row: Mapping[str, Any] | None, id: UUID, generation: int) -> None:
        now = self._clock.now()
        if row is None or row["closed_at"] is not None or row["expires_at"] <= now:
            raise Unauthenticated(EXPIRED)
        if row["generation"] == generation + 1 and now - row["rotated_at"] <= GRACE:
            return
        log.warning("session.refresh_reused", session=str(id), account=row["name"])
        await self.close(id)
        raise Unauthenticated(EXPIRED)

    async def _cookies(self, account: Account, id: UUID, *, generation: int, since: datetime) -> SessionCookies:
        # Issued before the session was looked at: a sign-out meanwhile ends these, too.
        access = self._encode(account, id, await self._keys.ready(), now=since)
        return SessionCookies(access=access, refresh=self._seal_refresh(id, generation))

    def _encode(self, account: Account, session_id: UUID, key: SigningKey, *, now: datetime) -> str:
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "iat": now.timestamp(),
            "exp": (now + ACCESS_LIFE).timestamp(),
            "sub": str(account.id),
            "sid": str(session_id),
            "name": account.name,
            "display_name": account.display_name,
            "email": account.email,
            "is_administrator": account.is_administrator,
            "created_at": account.created_at.isoformat(),
        }
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.id})

    def _decode(self, access: str) -> _Access:
        try:
            if len(access) > LONGEST_ACCESS:
                raise ValueError("too long")
            key = self._keys.public_key(str(jwt.get_unverified_header(access).get("kid")))
            if key is None:
                raise ValueError("unknown key")
            claims = jwt.decode(
                access,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Times are compared by our clock, at every use and not only here.
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub", "sid"]},
            )
            return _access(claims)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise Unauthenticated(EXPIRED) from error

    def _seal_refresh(self, id: UUID, generation: int) -> str:
        body = _REFRESH.pack(id.bytes, generation)
        mac = hmac.digest(self._keyring.derive("session-refresh"), body, hashlib.sha256)
        return base64.urlsafe_b64encode(body + mac).decode()

    def _open_refresh(self, refresh: str) -> tuple[UUID, int]:
        try:
            raw = base64.b64decode(refresh.encode("ascii"), altchars=b"-_", validate=True)
            body, mac = raw[:-_MAC], raw[-_MAC:]
            id, generation = _REFRESH.unpack(body)
        except (binascii.Error, struct.error, UnicodeEncodeError) as error:
            raise Unauthenticated(EXPIRED) from error
        keys = self._keyring.derive_all("session-refresh")
        if not any(hmac.compare_digest(mac, hmac.digest(key, body, hashlib.sha256)) for key in keys):
            raise Unauthenticated(EXPIRED)
        return UUID(bytes=id), generation


def _access(claims: Mapping[str, Any]) -> _Access:
    account = Account(
        id=UUID(claims["sub"]),
        name=claims["name"],
        display_name=claims["display_name"],
        email=claims["email"],
        is_administrator=claims["is_administrator"] is True,
        created_at=datetime.fromisoformat(claims["created_at"]),
    )
    identity = Identity(account, EVERYTHING, "session", session_id=UUID(claims["sid"]))
    return _Access(identity, float(claims["iat"]), float(claims["exp"]))
