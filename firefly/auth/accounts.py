"""Accounts: making them, finding them, and proving one by its password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from ..addresses import network_of
from ..clock import Clock
from ..errors import Conflict, InvalidInput, NameTaken, NotFound, Unauthenticated
from ..names import is_name, validate_name
from ..store import Connection, Database, load_queries
from .limiter import Limit, RateLimiter
from .model import Account
from .passwords import Passwords
from .revocations import Revocations

log = structlog.get_logger()

LONGEST_DISPLAY_NAME, LONGEST_EMAIL = 80, 254
# Some scripts need them inside words; they show nothing of their own.
JOINERS = "\u200c\u200d"
# A guesser is stopped early, a forgetful owner is not, and nobody locks out a stranger from everywhere.
PER_NAME_AND_NETWORK = Limit(10, 900)
PER_NETWORK = Limit(60, 900)
PER_NAME = Limit(200, 3600)
WRONG = "The name or the password is wrong."


class Accounts:
    def __init__(
        self,
        db: Database,
        limiter: RateLimiter,
        revocations: Revocations,
        clock: Clock,
        passwords: Passwords | None = None,
    ) -> None:
        self._db = db
        self._limiter = limiter
        self._revocations = revocations
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._queries = load_queries("auth")

    async def create(
        self,
        name: str,
        password: str | None,
        display_name: str = "",
        email: str | None = None,
        is_administrator: bool = False,
        *,
        connection: Connection | None = None,
    ) -> Account:
        """Make an account; without a password it signs in by link or token only.

        Raises InvalidInput for a name, password, display name or address that breaks the rules, NameTaken.
        """
        validate_name(name)
        display_name, email = _check_display_name(display_name or name), _check_email(email)
        hashed = await self._passwords.hash(password) if password is not None else None
        async with self._using(connection) as used:
            row = await self._queries.insert_account(
                used,
                name=name,
                password_hash=hashed,
                display_name=display_name,
                email=email,
                is_administrator=is_administrator,
            )
        if row is None:
            raise NameTaken(f"The name {name} is taken. Choose another one.", field="name")
        return Account.from_row(row)

    async def get(self, id: UUID) -> Account:
        """Raises NotFound."""
        async with self._db.connection() as connection:
            row = await self._queries.account(connection, id=id)
        if row is None:
            raise NotFound("There is no such account.")
        return Account.from_row(row)

    async def by_name(self, name: str) -> Account | None:
        """The account of that name, or None; also for what cannot be a name."""
        if not is_name(name):
            return None
        async with self._db.connection() as connection:
            row = await self._queries.account_by_name(connection, name=name)
        return Account.from_row(row) if row else None

    async def list(self) -> list[Account]:
        """All accounts, by name."""
        async with self._db.connection() as connection:
            return [Account.from_row(row) async for row in self._queries.accounts(connection)]

    async def first_administrator(self) -> Account | None:
        """The oldest administrator, or None on an installation that nobody has signed in to."""
        async with self._db.connection() as connection:
            row = await self._queries.first_administrator(connection)
        return Account.from_row(row) if row else None

    async def authenticate(self, name: str, password: str, address: str | None) -> Account:
        """The account whose name and password these are.

        Raises Unauthenticated, the same and as slowly for an unknown name as for a wrong password, and RateLimited.
        Every attempt is counted before it is checked, so that simultaneous guesses do not slip through.
        """
        network = network_of(address)
        pair = f"password/{name}/{network}"
        await self._limiter.hit_all(
            {pair: PER_NAME_AND_NETWORK, f"password/@{network}": PER_NETWORK, f"password/{name}": PER_NAME}
        )
        row = None
        if is_name(name):
            async with self._db.connection() as connection:
                row = await self._queries.account_by_name(connection, name=name)
        hashed: str | None = row["password_hash"] if row else None
        if not await self._passwords.verify(hashed, password) or row is None:
            log.info("sign_in.refused", address=address)
            raise Unauthenticated(WRONG)
        await self._check_unchanged(name, hashed)
        await self._limiter.reset(pair)
        if hashed is not None and self._passwords.needs_rehash(hashed):
            await self._rehash(row["id"], hashed, password)
        return Account.from_row(row)

    async def set_password(
        self, id: UUID, password: str, *, keep_session: UUID | None = None, connection: Connection | None = None
    ) -> None:
        """Change the password and close every session but `keep_session`; with `connection`, in its transaction.

        Raises NotFound, InvalidInput.
        """
        hashed = await self._passwords.hash(password)
        if connection is not None:
            await self._replace_password(connection, id, hashed, keep_session)
            return
        async with self._db.transaction() as own:
            await self._replace_password(own, id, hashed, keep_session)

    async def change(
        self,
        id: UUID,
        *,
        display_name: str | None = None,
        password: str | None = None,
        keep_session: UUID | None = None,
    ) -> Account:
        """All that is given or nothing; a new password closes every session but `keep_session`.

        Raises NotFound, InvalidInput.
        """
        shown = None if display_name is None else _check_display_name(display_name)
        hashed = None if password is None else await self._passwords.hash(password)
        async with self._db.transaction() as connection:
            if hashed is not None:
                await self._replace_password(connection, id, hashed, keep_session)
            row = await self._queries.set_display_name(connection, id=id, display_name=shown)
        if row is None:
            raise NotFound("There is no such account.")
        return Account.from_row(row)

    async def set_administrator(self, id: UUID, is_administrator: bool) -> Account:
        """Raises NotFound, and Conflict for taking the role from the last administrator."""
        async with self._db.transaction() as connection:
            holders = [row["id"] async for row in self._queries.lock_administrators(connection)]
            if not is_administrator and holders == [id]:
                raise Conflict("This is the last administrator. Make another account one first.")
            row = await self._queries.set_administrator(connection, id=id, is_administrator=is_administrator)
            if row is None:
                raise NotFound("There is no such account.")
            await self._revocations.record("role changed", account_id=id, connection=connection)
        return Account.from_row(row)

    async def _replace_password(self, connection: Connection, id: UUID, hashed: str, kept: UUID | None) -> None:
        if await self._queries.set_password(connection, id=id, password_hash=hashed) == "UPDATE 0":
            raise NotFound("There is no such account.")
        await self._queries.close_sessions(connection, account_id=id, kept=kept, now=self._clock.now())
        await self._revocations.record("password changed", account_id=id, connection=connection)

    async def _check_unchanged(self, name: str, hashed: str | None) -> None:
        """Hashing takes its time, in which the password may have been changed to keep just this visitor out."""
        async with self._db.connection() as connection:
            row = await self._queries.account_by_name(connection, name=name)
        if row is None or row["password_hash"] != hashed:
            raise Unauthenticated(WRONG)

    async def _rehash(self, id: UUID, stale: str, password: str) -> None:
        try:
            fresh = await self._passwords.hash(password)
        except InvalidInput:
            return
        async with self._db.connection() as connection:
            await self._queries.replace_hash(connection, id=id, fresh=fresh, stale=stale)

    @asynccontextmanager
    async def _using(self, connection: Connection | None) -> AsyncIterator[Connection]:
        if connection is not None:
            yield connection
        else:
            async with self._db.connection() as own:
                yield own


def _check_display_name(value: str) -> str:
    cleaned = " ".join(value.split())
    seen = "".join(char for char in cleaned if char not in JOINERS)
    if not seen or len(cleaned) > LONGEST_DISPLAY_NAME or not seen.isprintable():
        raise InvalidInput(
            f"The display name has 1 to {LONGEST_DISPLAY_NAME} printable characters.", field="display_name"
        )
    return cleaned


def _check_email(value: str | None) -> str | None:
    if not value:
        return None
    user, _, host = value.strip().rpartition("@")
    if not user or "." not in host.strip(".") or len(value) > LONGEST_EMAIL or not value.strip().isprintable():
        raise InvalidInput("That is not an e-mail address.", field="email")
    return value.strip()
