"""API tokens: made once, shown once, stored hashed, limited by scopes and time."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID

import structlog

from ..audit import Audit
from ..clock import Clock
from ..errors import InvalidInput, NotFound, Unauthenticated
from ..store import Connection, Database, load_queries
from .cache import BoundedCache
from .model import ADMIN, Account, Identity, check_scopes
from .refusals import Revocation
from .revocations import Revocations

log = structlog.get_logger()

PREFIX = "ffp_"
SHORTEST_BOOTSTRAP, LONGEST = 24, 256
LONGEST_NAME = 100
BOOTSTRAP_ACCOUNT, BOOTSTRAP_NAME = "admin", "FIREFLY_BOOTSTRAP_TOKEN"
CACHED, CACHED_FOR = 2048, 10.0
TOUCH_EVERY = timedelta(minutes=1)
WRONG = "The token is wrong, expired or revoked."


@dataclass(frozen=True)
class Token:
    id: UUID
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Token":
        return cls(
            id=UUID(str(row["id"])),
            name=row["name"],
            scopes=frozenset(row["scopes"]),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
        )


@dataclass(frozen=True)
class _Known:
    identity: Identity
    expires_at: datetime | None
    until: float


class Tokens:
    def __init__(self, db: Database, revocations: Revocations, clock: Clock) -> None:
        self._db = db
        self._revocations = revocations
        self._clock = clock
        self._queries = load_queries("auth")
        self._known: BoundedCache[bytes, _Known] = BoundedCache(CACHED)
        self._epoch = 0
        revocations.on_record(self._forget)

    async def create(
        self, account: Account, name: str, scopes: Iterable[str], expires_at: datetime | None = None
    ) -> tuple[Token, str]:
        """A new token of `account` and its secret, which is nowhere kept.

        Raises InvalidInput for unknown scopes, an empty or long name, a time without zone or in the past.
        """
        checked, now = check_scopes(scopes), self._clock.now()
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise InvalidInput(f"The name of a token has 1 to {LONGEST_NAME} characters.", field="name")
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            raise InvalidInput("The token would have expired already; give a later time with its zone.",
                               field="expires_at")  # fmt: skip
        secret = PREFIX + token_hex(24)
        async with self._db.connection() as connection:
            row = await self._insert(connection, account.id, name.strip(), secret, checked, expires_at)
        return Token.from_row(row), secret

    async def verify(self, secret: str) -> Identity:
        """Whose token that is. Raises Unauthenticated for one that is unknown, expired or revoked."""
        if len(secret) > LONGEST:
            raise Unauthenticated(WRONG)
        hash, now = _hash(secret), self._clock.now()
        known = self._known.get(hash)
        if known is None or known.until <= self._clock.monotonic():
            known = await self._look_up(hash, now)
        if known.expires_at is not None and known.expires_at <= now:
            raise Unauthenticated(WRONG)
        return known.identity

    async def list(self, account_id: UUID) -> list[Token]:
        """The tokens of an account that still hold, newest first."""
        async with self._db.connection() as connection:
            rows = self._queries.tokens(connection, account_id=account_id, now=self._clock.now())
            return [Token.from_row(row) async for row in rows]

    async def revoke(self, id: UUID) -> None:
        """Raises NotFound."""
        async with self._db.transaction() as connection:
            account_id = await self._queries.delete_token(connection, id=id)
            if account_id is None:
                raise NotFound("There is no such token.")
            await self._revocations.record("revoked", token_id=id, account_id=account_id, connection=connection)

    async def ensure_bootstrap(self, secret: str, audit: Audit) -> None:
        """Make `secret` a token of the first administrator, who is made when missing; revoke the one before it.

        What changed is in the audit log.

        An empty secret only revokes. Raises InvalidInput for one that could be guessed.
        """
        if secret and not SHORTEST_BOOTSTRAP <= len(secret) <= LONGEST:
            raise InvalidInput(
                f"FIREFLY_BOOTSTRAP_TOKEN needs {SHORTEST_BOOTSTRAP} to {LONGEST} characters; "
                "`echo ffp_$(openssl rand -hex 24)` makes one."
            )
        async with self._db.transaction() as connection:
            hash = _hash(secret) if secret else None
            async for _ in self._queries.lock_first_administrator(connection):
                pass
            others = [row async for row in self._queries.delete_other_bootstrap_tokens(connection, hash=hash)]
            for row in others:
                await self._revocations.record(
                    "bootstrap token changed", token_id=row["id"], account_id=row["account_id"], connection=connection
                )
                await self._note(audit, "token.revoked", row["id"], connection)
            if secret:
                account = await self._first_administrator(connection)
                scopes = frozenset({ADMIN})
                row = await self._insert(connection, account.id, BOOTSTRAP_NAME, secret, scopes, bootstrap=True)
                if row is not None:
                    await self._note(audit, "token.created", row["id"], connection)

    async def _note(self, audit: Audit, action: str, token_id: UUID, connection: Connection) -> None:
        await audit.record(None, action, f"token:{token_id}", detail={"name": BOOTSTRAP_NAME}, connection=connection)

    async def _first_administrator(self, connection: Connection) -> Account:
        row = await self._queries.first_administrator(connection)
        if row is None:
            row = await self._queries.insert_account(
                connection,
                name=BOOTSTRAP_ACCOUNT,
                password_hash=None,
                display_name="Administrator",
                email=None,
                is_administrator=True,
            )
            log.info("account.made", name=BOOTSTRAP_ACCOUNT, reason=f"{BOOTSTRAP_NAME} is set")
        if row is None:
            raise InvalidInput(f"There is an account {BOOTSTRAP_ACCOUNT} that is no administrator. Make one first.")
        return Account.from_row(row)

    async def _insert(
        self,
        connection: Connection,
        account_id: UUID,
        name: str,
        secret: str,
        scopes: frozenset[str],
        expires_at: datetime | None = None,
        *,
        bootstrap: bool = False,
    ) -> Any:
        return await self._queries.insert_token(
            connection,
            account_id=account_id,
            name=name,
            hash=_hash(secret),
            scopes=sorted(scopes),
            is_bootstrap=bootstrap,
            now=self._clock.now(),
            expires_at=expires_at,
        )

    async def _look_up(self, hash: bytes, now: datetime) -> _Known:
        epoch = self._epoch
        async with self._db.connection() as connection:
            row = await self._queries.token_with_account(connection, hash=hash, now=now)
            if row is None:
                self._known.discard(hash)
                raise Unauthenticated(WRONG)
            if row["last_used_at"] is None or now - row["last_used_at"] >= TOUCH_EVERY:
                await self._queries.touch_token(connection, id=row["token_id"], now=now)
        identity = Identity(
            Account.from_row(row), frozenset(row["scopes"]), "token", token_id=UUID(str(row["token_id"]))
        )
        known = _Known(identity, row["expires_at"], self._clock.monotonic() + CACHED_FOR)
        # A revocation that arrived while the row was read must not be undone by remembering it.
        if epoch == self._epoch:
            self._known.put(hash, known)
        return known

    def _forget(self, revocation: Revocation) -> None:
        if revocation.token_id is not None or revocation.account_id is not None:
            self._epoch += 1
            self._known.clear()


def _hash(secret: str) -> bytes:
    # A plain hash will do: what it hides has 192 random bits, or is refused for being short.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
