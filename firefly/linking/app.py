"""The GitHub App: signs for itself, and gets tokens that live an hour and are good for one repository."""

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import jwt

from ..clock import Clock
from ..errors import InvalidInput, NotFound, Unavailable
from ..git.providers import Credential, Transport
from ..settings import Settings
from .dialects import api_url

# GitHub takes no signature that is good for more than ten minutes, and its clock may differ.
_LIFE, _EARLIER = 540, 60
# Before a token ends, so that it does not on the way.
_EARLY = 300
_ASKED_AGAIN = 60.0


class GitHubApp:
    """Tokens are kept in memory alone, for as long as they live."""

    def __init__(self, transport: Transport, url: str, app_id: str, key: str, clock: Clock) -> None:
        self._transport = transport
        self._url = url
        self._id = app_id
        self._key = key
        self._clock = clock
        self._tokens: dict[str, tuple[Credential, float]] = {}
        self._absent: dict[str, float] = {}
        self._page = ""

    @classmethod
    def from_settings(cls, settings: Settings, transport: Transport, clock: Clock) -> "GitHubApp | None":
        """None where there is none. Raises InvalidInput for a key that cannot be read."""
        if not settings.github_app_id:
            return None
        text = settings.github_app_key.replace("\\n", "\n")
        if "PRIVATE KEY" not in text:
            try:
                text = Path(text).read_text()
            except OSError as error:
                raise InvalidInput(f"FIREFLY_GITHUB_APP_KEY is neither a key nor a file: {error.strerror}") from error
        return cls(transport, settings.github_url, settings.github_app_id, text, clock)

    def serves(self, provider: str, url: str) -> bool:
        return (provider, url) == ("github", self._url)

    async def token(self, repository: str) -> Credential | None:
        """Good for that repository; None where the App is not installed on it. Raises Unavailable, Forbidden."""
        now = self._clock.time()
        held = self._tokens.get(repository)
        if held is not None and held[1] > now + _EARLY:
            return held[0]
        if self._absent.get(repository, 0.0) > now:
            return None
        try:
            found = await self._ask("GET", f"/repos/{quote(repository)}/installation")
        except NotFound:
            self._absent[repository] = now + _ASKED_AGAIN
            return None
        wanted = {"repositories": [repository.rpartition("/")[2]]}
        made = await self._ask("POST", f"/app/installations/{int(found['id'])}/access_tokens", wanted)
        credential = Credential(str(made["token"]))
        self._tokens[repository] = credential, datetime.fromisoformat(made["expires_at"]).timestamp()
        return credential

    async def page(self) -> str:
        """Where people install it."""
        if not self._page:
            self._page = f"{(await self._ask('GET', '/app'))['html_url']}/installations/new"
        return self._page

    async def _ask(self, method: str, path: str, data: object = None) -> dict[str, str]:
        fields = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self._signed()}"}
        body = None if data is None else json.dumps(data).encode()
        answer = await self._transport.send(method, api_url("github", self._url) + path, headers=fields, body=body)
        found = json.loads(answer.body)
        if not isinstance(found, dict):
            raise Unavailable("GitHub answers with something else than what was asked for.")
        return found

    def _signed(self) -> str:
        now = int(self._clock.time())
        claims = {"iat": now - _EARLIER, "exp": now + _LIFE, "iss": self._id}
        try:
            return jwt.encode(claims, self._key, algorithm="RS256")
        except (ValueError, jwt.PyJWTError) as error:
            raise Unavailable(f"FIREFLY_GITHUB_APP_KEY does not sign: {error}") from error
