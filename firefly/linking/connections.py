"""Connections: made, kept fresh, looked at each day, ended at the provider too."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import structlog

from .. import store
from ..audit import Audit
from ..auth import Identity
from ..bus import JSON, Bus
from ..clock import Clock
from ..errors import Conflict, FireflyError, InvalidInput, LimitReached, NotFound
from ..git.providers.model import Credential, CredentialRefused
from ..git.providers.transport import Transport
from ..store import Database, load_queries
from .dialects import DIALECTS
from .each import look_at_each
from .handshakes import Handshakes
from .model import Connection, Kind, Need, State, Tokens
from .offers import Offers
from .scopes import check_scopes
from .vault import Vault
from .who import who

log = structlog.get_logger()

EACH = timedelta(hours=20)
# One that could not be asked is asked again.
SOON = timedelta(hours=1)
# Before a token ends, so that it does not on the way.
EARLY = timedelta(minutes=2)
MOST, MOST_OF_ACCOUNT = 50, 20


class Connections:
    """An account has at most one connection to a provider at an address."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        audit: Audit,
        clock: Clock,
        vault: Vault,
        offers: Offers,
        transport: Transport,
    ) -> None:
        self._database = database
        self._bus = bus
        self._audit = audit
        self._clock = clock
        self._vault = vault
        self._transport = transport
        self._queries: Any = load_queries("connections")
        self.offers = offers
        self.handshakes = Handshakes(database, clock, offers, vault)

    async def list(self, account_id: UUID) -> Sequence[Connection]:
        async with self._database.connection() as connection:
            rows = self._queries.of_account(connection, account_id=account_id)
            return [Connection.from_row(row) async for row in rows]

    async def get(self, identity: Identity, name: str, url: str | None = None) -> Connection:
        """One of the caller's, by its id or by the provider's name. Raises NotFound with what to do."""
        held = await self.list(identity.account.id)
        if name in DIALECTS:
            address = self.offers.address(name, url)
            found = next((one for one in held if one.provider == name and one.url == address), None)
            if found is None and url is None:
                found = next((one for one in held if one.provider == name), None)
        else:
            found = next((one for one in held if str(one.id) == name), None)
        if found is None:
            title = DIALECTS[name].title if name in DIALECTS else "that provider"
            raise NotFound(f"You are not connected to {title}. Connect first.")
        return found

    async def at(self, account_id: UUID, provider: str, url: str) -> Connection | None:
        async with self._database.connection() as connection:
            row = await self._queries.at_provider(connection, account_id=account_id, provider=provider, url=url)
        return Connection.from_row(row) if row else None

    async def begin(self, identity: Identity, provider: str, *, need: Need, next: str) -> str:
        """The provider's page that asks for leave; what is held already is asked for again."""
        url = self.offers.url(provider)
        present = await self.at(identity.account.id, provider, url)
        held = frozenset(present.scopes) if present and present.kind is Kind.OAUTH else frozenset()
        return await self.handshakes.begin(identity, provider, url, need=need, held=held, next=next)

    async def complete(self, identity: Identity, query: Mapping[str, str]) -> tuple[Connection, str]:
        """What the provider's page sent back; the connection, and the path of ours to go on with."""
        granted = await self.handshakes.end(identity, query)
        made = await self._put(identity, granted.provider, granted.url, Kind.OAUTH, granted.tokens)
        return made, granted.next

    async def put_token(
        self, identity: Identity, provider: str, *, url: str | None, token: str, user: str = ""
    ) -> Connection:
        """Connect by a personal access token. Raises CredentialRefused, InvalidInput, LimitReached."""
        address = self.offers.address(provider, url)
        if not address:
            raise InvalidInput("Say at which address it is.", field="url")
        return await self._put(identity, provider, address, Kind.TOKEN, Tokens(token.strip()), user)

    async def _put(
        self, identity: Identity, provider: str, url: str, kind: Kind, tokens: Tokens, user: str = ""
    ) -> Connection:
        found = await who(self._transport, provider, url, Credential(tokens.access, user))
        account_id, now = identity.account.id, self._clock.now()
        # The same for whoever connects twice at once, or again: links go on with it.
        id = uuid5(account_id, f"{provider} {url}")
        scopes = found.scopes if found.scopes is not None else tokens.scopes
        async with self._database.transaction() as connection:
            await self._queries.hold_account(connection, account_id=account_id)
            if await self._queries.count_before_new(connection, account_id=account_id, id=id) >= MOST_OF_ACCOUNT:
                raise LimitReached(f"An account has at most {MOST_OF_ACCOUNT} connections. End one first.")
            row = await self._queries.put(
                connection, id=id, account_id=account_id, provider=provider, url=url, kind=kind, login=found.login,
                user_id=found.id, scopes=sorted(scopes), sealed=self._vault.seal(id, tokens, user),
                expires_at=_ends(tokens, now), now=now, next_check=now + EACH,
            )  # fmt: skip
            made = Connection.from_row(row)
            await self._queries.wake_links(connection, id=id, now=now)
            await self._note(made, "connected", identity.account.id, connection)
        return made

    async def credential(self, id: UUID, *, need: Need = Need.READ, broken: bool = False) -> Credential:
        """Its token, good for some minutes at least; with `broken` also that of one that stopped working.

        Raises CredentialRefused, Forbidden (with `need`), NotFound.
        """
        async with self._database.transaction() as connection:
            row = await self._queries.lock(connection, id=id)
            if row is None:
                raise NotFound("The connection is gone. Connect again.")
            found = Connection.from_row(row)
            if found.state is State.BROKEN and not broken:
                raise CredentialRefused(found.reason)
            check_scopes(found, need)
            credential, tokens = self._vault.open(id, found.sealed)
            if found.expires_at is None or found.expires_at > self._clock.now() + EARLY or not tokens.refresh:
                return credential
            # While the row is locked: of two that refresh at once, the second would spend what is spent.
            try:
                return await self._renew(found, tokens, connection)
            except CredentialRefused as error:
                await self._judge(found, error.detail, connection)
                refused = error
        raise refused

    async def _renew(self, found: Connection, tokens: Tokens, connection: store.Connection) -> Credential:
        fresh = await (await self.offers.oauth(found.provider, found.url)).refresh(tokens)
        scopes = sorted(fresh.scopes) or list(found.scopes)
        await self._queries.renew(
            connection, id=found.id, sealed=self._vault.seal(found.id, fresh), scopes=scopes,
            expires_at=_ends(fresh, self._clock.now()),
        )  # fmt: skip
        return Credential(fresh.access)

    async def refused(self, id: UUID, reason: str) -> None:
        """Somebody has seen that the provider does not take the token any more."""
        async with self._database.transaction() as connection:
            row = await self._queries.lock(connection, id=id)
            if row is not None and row["state"] == State.WORKING:
                await self._judge(Connection.from_row(row), reason, connection)

    async def _judge(self, found: Connection, reason: str, connection: store.Connection) -> None:
        """Write down how it is: working where there is no reason that it is not."""
        now, state = self._clock.now(), State.BROKEN if reason else State.WORKING
        await self._queries.judge(connection, id=found.id, state=state, reason=reason, now=now, next_check=now + EACH)
        if state is not found.state:
            log.info("connection.changed", connection_id=str(found.id), state=state.value, reason=reason)
            await self._note(found, state.value, None, connection, reason=reason)

    async def check(self, id: UUID) -> Connection:
        """Ask the provider whether it still takes the token. Raises NotFound, Unavailable."""
        try:
            credential = await self.credential(id, broken=True)
            found = await self._find(id)
            await who(self._transport, found.provider, found.url, credential)
            reason = ""
        except CredentialRefused as error:
            found, reason = await self._find(id), error.detail
        async with self._database.transaction() as connection:
            row = await self._queries.lock(connection, id=id)
            # One that was connected anew meanwhile is judged by its own token.
            if row is not None and row["sealed"] == found.sealed:
                await self._judge(Connection.from_row(row), reason, connection)
        return await self._find(id)

    async def _find(self, id: UUID) -> Connection:
        async with self._database.connection() as connection:
            row = await self._queries.find(connection, id=id)
        if row is None:
            raise NotFound("There is no such connection.")
        return Connection.from_row(row)

    async def disconnect(self, identity: Identity, id: UUID) -> str:
        """Forget it, after the provider has where that can be asked; returns what is left for the person to do."""
        found = next((one for one in await self.list(identity.account.id) if one.id == id), None)
        if found is None:
            raise NotFound("There is no such connection of yours.")
        left = await self._revoke(found)
        async with self._database.transaction() as connection:
            if await self._queries.remove(connection, id=id) is None:
                raise Conflict("The connection is ended already.")
            await self._note(found, "disconnected", identity.account.id, connection)
        return left

    async def _revoke(self, found: Connection) -> str:
        by_hand = f"Remove it at {found.url} as well: {DIALECTS[found.provider].title} forgets no token on request."
        if found.kind is Kind.TOKEN:
            return by_hand
        try:
            _, tokens = self._vault.open(found.id, found.sealed)
            revoked = await (await self.offers.oauth(found.provider, found.url)).revoke(tokens)
        except FireflyError as error:
            return f"{by_hand.partition(':')[0]}: it could not be told ({error.detail})"
        return "" if revoked else by_hand

    async def look(self) -> int:
        """Check what is due, some at one time; returns how many that were."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.take_due(connection, now=now, until=now + SOON, most=MOST)
            due = [Connection.from_row(row).id async for row in rows]
        await look_at_each(due, self.check)
        return len(due)

    async def _note(
        self, found: Connection, what: str, actor: UUID | None, connection: store.Connection, *, reason: str = ""
    ) -> None:
        told: dict[str, JSON] = {
            "project_id": None, "account_id": str(found.account_id), "connection_id": str(found.id),
            "provider": found.provider, "state": what, "reason": reason,
        }  # fmt: skip
        await self._bus.publish("events", "connection.changed", told, connection=connection)
        detail = {"provider": found.provider, "url": found.url, "login": found.login, "reason": reason}
        await self._audit.record(
            actor, f"connection.{what}", f"account:{found.account_id}", detail=detail, connection=connection
        )


def _ends(tokens: Tokens, now: datetime) -> datetime | None:
    return now + timedelta(seconds=tokens.expires_in) if tokens.expires_in else None
