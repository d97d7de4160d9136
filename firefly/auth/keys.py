"""The Ed25519 keys that sign sessions: made, rotated and published; kept encrypted, shared by all replicas."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..clock import Clock
from ..errors import Conflict, Unavailable
from ..secrets import Keyring
from ..store import Connection, Database, load_queries

log = structlog.get_logger()

SIGNS = timedelta(days=30)
# Published this long before it signs, so that every replica and verifier has read it by then.
AHEAD = timedelta(days=1)
# Kept this long after it signed last; more than a session's access token lives.
BEHIND = timedelta(days=1)


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: Ed25519PrivateKey
    signs_from: datetime
    signs_until: datetime
    expires_at: datetime

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()


class SigningKeys:
    """Call `refresh` at start and every hour: it reads what other replicas made, and makes what will be needed."""

    def __init__(self, db: Database, keyring: Keyring, clock: Clock) -> None:
        self._db = db
        self._keyring = keyring
        self._clock = clock
        self._queries = load_queries("auth")
        self._keys: dict[str, SigningKey] = {}

    async def refresh(self) -> None:
        async with self._db.transaction() as connection:
            await self._lock(connection)
            keys = await self._read(connection)
            now = self._clock.now()
            newest = max((key.signs_until for key in keys), default=now)
            if newest - now <= AHEAD:
                keys.append(await self._make(connection, max(newest, now)))
        self._keys = {key.id: key for key in keys}

    async def ready(self) -> SigningKey:
        """The key that signs now, made when the machine slept through the time when it was due."""
        try:
            return self.current()
        except Unavailable:
            await self.refresh()
            return self.current()

    def current(self) -> SigningKey:
        """The key that signs now. Raises Unavailable when the keys were never read."""
        now = self._clock.now()
        for key in self._keys.values():
            if key.signs_from <= now < key.signs_until:
                return key
        raise Unavailable("There is no key to sign with at this moment. Try again shortly.")

    def public_key(self, id: str) -> Ed25519PublicKey | None:
        """The key of that id while what it signed may still be good."""
        key = self._keys.get(id)
        return key.public if key and self._clock.now() < key.expires_at else None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JSON Web Key Set (RFC 7517, RFC 8037)."""
        now = self._clock.now()
        return {"keys": [_jwk(key) for key in self._keys.values() if now < key.expires_at]}

    async def _lock(self, connection: Connection) -> None:
        async for _ in self._queries.lock_signing_keys(connection):
            pass

    async def _read(self, connection: Connection) -> list[SigningKey]:
        keys = []
        async for row in self._queries.signing_keys(connection, now=self._clock.now()):
            try:
                raw = self._keyring.open(_purpose(row["id"]), row["sealed_key"])
            except Conflict:
                log.error("signing_key.unreadable", key=row["id"], remedy="was FIREFLY_SECRET_KEY replaced?")
                continue
            private = Ed25519PrivateKey.from_private_bytes(raw)
            keys.append(SigningKey(row["id"], private, row["signs_from"], row["signs_until"], row["expires_at"]))
        return keys

    async def _make(self, connection: Connection, signs_from: datetime) -> SigningKey:
        private, signs_until = Ed25519PrivateKey.generate(), signs_from + SIGNS
        key = SigningKey(token_urlsafe(12), private, signs_from, signs_until, signs_until + BEHIND)
        sealed = self._keyring.seal(_purpose(key.id), private.private_bytes_raw())
        await self._queries.insert_signing_key(
            connection,
            id=key.id,
            sealed_key=sealed,
            signs_from=key.signs_from,
            signs_until=key.signs_until,
            expires_at=key.expires_at,
        )
        log.info("signing_key.made", key=key.id)
        return key


def _purpose(id: str) -> str:
    return f"signing-key/{id}"


def _jwk(key: SigningKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public.public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": x}
