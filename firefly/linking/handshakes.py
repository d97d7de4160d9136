"""Giving leave at the provider's own page: begun here by a session, and ended here by the same one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from ..auth import Identity
from ..clock import Clock
from ..errors import Forbidden, InvalidInput
from ..store import Database, load_queries
from .dialects import DIALECTS
from .model import Need, Tokens
from .oauth import make_verifier
from .offers import Offers
from .vault import Vault

LIFE = timedelta(minutes=10)
NOT_OURS = "This browser did not begin that, or it was too long ago. Connect once more."


@dataclass(frozen=True, slots=True)
class Granted:
    """`next` is the path of ours where it was begun."""

    provider: str
    url: str
    tokens: Tokens
    next: str


class Handshakes:
    def __init__(self, database: Database, clock: Clock, offers: Offers, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._offers = offers
        self._vault = vault
        self._queries: Any = load_queries("connections")

    async def begin(
        self, identity: Identity, provider: str, url: str, *, need: Need, held: frozenset[str], next: str
    ) -> str:
        """The address to send the browser to; `held` is asked for again, so that nothing gets lost.

        Raises InvalidInput, Forbidden for programs, which have no session.
        """
        if identity.session_id is None:
            raise Forbidden("Connect in the browser, or send a personal access token.")
        oauth = await self._offers.oauth(provider, url)
        state, verifier, now = token_urlsafe(32), make_verifier(), self._clock.now()
        scopes = DIALECTS[provider].scopes[need] | held
        async with self._database.transaction() as connection:
            await self._queries.forget_handshakes(connection, now=now)
            await self._queries.begin_handshake(
                connection, state=_hash(state), account_id=identity.account.id, session_id=identity.session_id,
                provider=provider, url=url, scopes=sorted(scopes), sealed=self._vault.seal_text("verifier", verifier),
                next=next, expires_at=now + LIFE,
            )  # fmt: skip
        return oauth.authorization(state=state, verifier=verifier, scopes=scopes)

    async def end(self, identity: Identity, query: Mapping[str, str]) -> Granted:
        """What came of it. Raises Forbidden for a state that is not this session's, CredentialRefused, Unavailable."""
        async with self._database.connection() as connection:
            row = await self._queries.take_handshake(
                connection, state=_hash(query.get("state", "")), session_id=identity.session_id, now=self._clock.now()
            )
        if row is None:
            raise Forbidden(NOT_OURS)
        if not query.get("code"):
            raise InvalidInput(f"{DIALECTS[row['provider']].title} gave no leave. Nothing was connected.", field="code")
        oauth = await self._offers.oauth(row["provider"], row["url"])
        tokens = await oauth.exchange(query["code"], self._vault.open_text("verifier", row["sealed"]))
        asked = frozenset(row["scopes"])
        return Granted(row["provider"], row["url"], _with_scopes(tokens, asked), row["next"])


def _with_scopes(tokens: Tokens, asked: frozenset[str]) -> Tokens:
    """A provider that does not say what it gave gave what it was asked for (RFC 6749, 5.1)."""
    scopes = tokens.scopes or asked
    return Tokens(tokens.access, tokens.refresh, tokens.expires_in, scopes)


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "replace")).digest()
