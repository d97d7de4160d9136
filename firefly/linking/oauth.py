"""OAuth 2 with a code and PKCE, as the providers speak it."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from urllib.parse import quote, urlencode

from ..errors import Conflict, Forbidden, NotFound
from ..git.providers.model import CredentialRefused
from ..git.providers.transport import Answer, Transport
from .dialects import DIALECTS, api_url
from .model import Tokens

# Seconds for which a token is believed to be good, whatever its provider says.
_LONGEST = 10 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Client:
    """As which application Firefly is known at a provider."""

    id: str
    secret: str = field(repr=False)


def make_verifier() -> str:
    return token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class OAuth:
    """One provider at one address. `redirect` is where its page sends people back to."""

    def __init__(self, transport: Transport, provider: str, url: str, client: Client, redirect: str) -> None:
        self._transport = transport
        self._provider = provider
        self._url = url
        self._client = client
        self._redirect = redirect
        self._dialect = DIALECTS[provider]

    def authorization(self, *, state: str, verifier: str, scopes: Iterable[str]) -> str:
        """The provider's page that asks for leave."""
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._redirect,
            "scope": " ".join(sorted(scopes)),
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._url}{self._dialect.authorize}?{urlencode(asked, quote_via=quote)}"

    async def exchange(self, code: str, verifier: str) -> Tokens:
        """Raises CredentialRefused, Unavailable."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._ask(form | {"redirect_uri": self._redirect})

    async def refresh(self, tokens: Tokens) -> Tokens:
        """New tokens, after which the old ones may count no more. Raises CredentialRefused, Unavailable."""
        fresh = await self._ask({"grant_type": "refresh_token", "refresh_token": tokens.refresh})
        return replace(fresh, refresh=fresh.refresh or tokens.refresh, scopes=fresh.scopes or tokens.scopes)

    async def revoke(self, tokens: Tokens) -> bool:
        """Whether the provider has forgotten them; False where it offers no way. Raises Unavailable."""
        if self._provider == "github":
            url = f"{api_url(self._provider, self._url)}/applications/{quote(self._client.id, safe='')}/token"
            body = json.dumps({"access_token": tokens.access}).encode()
            # Not found, or not taken: it was no good any more.
            with contextlib.suppress(NotFound, Conflict):
                await self._transport.send("DELETE", url, headers=self._basic(), body=body)
            return True
        if self._dialect.revoke is None:
            return False
        form = {"client_id": self._client.id, "client_secret": self._client.secret, "token": tokens.access}
        await self._post(self._dialect.revoke, form)
        return True

    def _basic(self) -> Mapping[str, str]:
        pair = f"{self._client.id}:{self._client.secret}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    async def _post(self, path: str, form: Mapping[str, str], **more: str) -> Answer:
        kind = "application/x-www-form-urlencoded"
        headers = {"Accept": "application/json", "Content-Type": kind, **more}
        return await self._transport.send("POST", self._url + path, headers=headers, body=urlencode(form).encode())

    async def _ask(self, form: Mapping[str, str]) -> Tokens:
        path = self._dialect.token
        try:
            if self._dialect.client_by_basic:
                answer = await self._post(path, form, **self._basic())
            else:
                client = {"client_id": self._client.id, "client_secret": self._client.secret}
                answer = await self._post(path, {**form, **client})
        except (Conflict, Forbidden, NotFound) as error:
            raise CredentialRefused(f"{self._dialect.title} did not give a token. {error.detail}") from error
        return self._tokens(answer)

    def _tokens(self, answer: Answer) -> Tokens:
        """GitHub tells mistakes with status 200."""
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            data = {}
        if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
            said = data.get("error_description") or data.get("error") if isinstance(data, dict) else ""
            raise CredentialRefused(f"{self._dialect.title} did not give a token: {_printable(said)}.")
        expires, scope = data.get("expires_in"), data.get("scope") or data.get("scopes") or ""
        return Tokens(
            access=data["access_token"],
            refresh=str(data.get("refresh_token") or ""),
            expires_in=float(min(expires, _LONGEST)) if isinstance(expires, int | float) and expires > 0 else None,
            scopes=frozenset(str(scope).replace(",", " ").split()),
        )


def _printable(text: object) -> str:
    return "".join(char for char in str(text or "nothing else") if char.isprintable())[:200].rstrip(".")
