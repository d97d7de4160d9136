"""One-time links: the first administrator's, and signing in without a password."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from ..clock import Clock
from ..errors import Conflict, Unauthenticated
from ..store import Connection, Database, load_queries
from .accounts import Accounts
from .model import Account

FIRST_ADMINISTRATOR, SIGN_IN = "first-administrator", "sign-in"
WRONG = "The link is used, expired or wrong. Ask for a new one."


@dataclass(frozen=True)
class Link:
    """What a link is for: `account_id` is None where the account is still to be made."""

    purpose: str
    account_id: UUID | None
    expires_at: datetime


class SignInLinks:
    """A GET looks (`peek`), only a POST spends (`redeem`): mail scanners and previews follow links."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._queries = load_queries("auth")

    async def create(self, purpose: str, *, account_id: UUID | None = None, lifetime: float) -> str:
        """A token for a link that lives `lifetime` seconds; older links of that purpose and account end."""
        token = token_urlsafe(32)
        expires_at = self._clock.now() + timedelta(seconds=lifetime)
        async with self._db.transaction() as connection:
            await self._queries.delete_links(connection, purpose=purpose, account_id=account_id)
            await self._queries.insert_link(
                connection, hash=_hash(token), purpose=purpose, account_id=account_id, expires_at=expires_at
            )
        return token

    async def peek(self, token: str) -> Link:
        """What the link is for, without spending it. Raises Unauthenticated."""
        async with self._db.connection() as connection:
            return _link(await self._queries.link(connection, hash=_hash(token), now=self._clock.now()))

    async def redeem(self, token: str, *, connection: Connection | None = None) -> Link:
        """Spend the link; with `connection`, in its transaction. Raises Unauthenticated."""
        if connection is not None:
            return _link(await self._queries.take_link(connection, hash=_hash(token), now=self._clock.now()))
        async with self._db.connection() as own:
            return _link(await self._queries.take_link(own, hash=_hash(token), now=self._clock.now()))

    async def let_in(self, token: str, accounts: Accounts, *, password: str | None = None) -> Account:
        """Spend a sign-in link and, where one is given, set its account's password: both or neither.

        Raises Unauthenticated, InvalidInput.
        """
        async with self._db.transaction() as connection:
            link = await self.redeem(token, connection=connection)
            if link.purpose != SIGN_IN or link.account_id is None:
                raise Unauthenticated(WRONG)
            if password is not None:
                await accounts.set_password(link.account_id, password, connection=connection)
        return await accounts.get(link.account_id)

    async def make_first_administrator(
        self, token: str, accounts: Accounts, *, name: str, password: str | None, display_name: str = ""
    ) -> Account:
        """Spend a first administrator's link on a new account; a mistake in the form leaves the link good.

        Raises Unauthenticated, Conflict where an administrator exists by now, InvalidInput, NameTaken.
        """
        async with self._db.transaction() as connection:
            async for _ in self._queries.lock_first_administrator(connection):
                pass
            link = await self.redeem(token, connection=connection)
            if link.purpose != FIRST_ADMINISTRATOR:
                raise Unauthenticated(WRONG)
            if await self._queries.first_administrator(connection) is not None:
                raise Conflict("This installation has an administrator already. Sign in, or ask for an account.")
            return await accounts.create(name, password, display_name, None, True, connection=connection)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _link(row: Mapping[str, Any] | None) -> Link:
    if row is None:
        raise Unauthenticated(WRONG)
    return Link(row["purpose"], row["account_id"], row["expires_at"])
