"""The GitHub App at work: signs for itself, and gets tokens that live an hour and are good for one repository."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import jwt
import structlog

from ..clock import Clock
from ..errors import Conflict, NotFound, Unavailable
from ..git.links import ProviderLink
from ..git.providers import Credential, CredentialRefused, Transport
from .apps import AppKeys, Apps
from .dialects import api_url

log = structlog.get_logger()

# GitHub takes no signature that is good for more than ten minutes, and its clock may differ.
_LIFE, _EARLIER = 540, 60
# Before a token ends, so that it does not on the way.
_EARLY = 300
_ASKED_AGAIN = 60.0
# Of repositories whose tokens are remembered.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Held:
    """`credential` is None where the App was not installed when it was asked."""

    credential: Credential | None
    asked_at: float
    until: float


class GitHubApp:
    """Tokens are kept in memory alone, for as long as they live and nothing is heard of the installation."""

    def __init__(self, transport: Transport, apps: Apps, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._held: dict[tuple[str, str], _Held] = {}
        self.apps = apps

    async def token(self, link: ProviderLink) -> Credential | None:
        """Good for the link's repository; None where there is no App, or it is not installed there.

        Raises Unavailable, Forbidden for one that is suspended.
        """
        if (link.provider, link.base_url) != ("github", self.apps.url):
            return None
        keys = await self.apps.current()
        if keys is None:
            return None
        place = keys.app_id, link.repository_id
        held = self._held.get(place)
        if held is None or held.until <= self._clock.time() or held.asked_at <= _changed_at(link):
            if len(self._held) >= _MOST:
                self._held.clear()
            held = self._held[place] = await self._fresh(keys, link)
        return held.credential

    def drop(self, link: ProviderLink) -> bool:
        """GitHub does not take the token any more; whether there was one."""
        places = [place for place, held in self._held.items() if place[1] == link.repository_id and held.credential]
        for place in places:
            del self._held[place]
        return bool(places)

    async def tells(self, link: ProviderLink) -> bool:
        """Whether its own hook tells of the link's repository, so that this needs none."""
        keys = await self.apps.current()
        return keys is not None and bool(keys.hook_secret) and await self.token(link) is not None

    async def _fresh(self, keys: AppKeys, link: ProviderLink) -> _Held:
        now = self._clock.time()
        try:
            found = await self._ask(keys, "GET", f"/repos/{quote(link.repository)}/installation")
            # By its id, which outlives a new name.
            wanted = {"repository_ids": [int(link.repository_id)]}
            made = await self._ask(keys, "POST", f"/app/installations/{int(found['id'])}/access_tokens", wanted)
        except (NotFound, Conflict):
            # It is not installed there, or on another repository, which has the name by now.
            return _Held(None, now, now + _ASKED_AGAIN)
        except CredentialRefused as error:
            # It was deleted there, or has another key: whoever linked the repository may still get in.
            log.error("github_app.refused", url=keys.url, app_id=keys.app_id, reason=error.detail)
            return _Held(None, now, now + _ASKED_AGAIN)
        ends = datetime.fromisoformat(made["expires_at"]).timestamp()
        return _Held(Credential(str(made["token"])), now, ends - _EARLY)

    async def page(self) -> str | None:
        """Where people install it; None where there is none."""
        keys = await self.apps.current()
        if keys is None:
            return None
        address = keys.html_url or (await self._ask(keys, "GET", "/app"))["html_url"]
        return f"{address}/installations/new"

    async def _ask(self, keys: AppKeys, method: str, path: str, data: object = None) -> dict[str, str]:
        fields = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self._signed(keys)}"}
        body = None if data is None else json.dumps(data).encode()
        answer = await self._transport.send(method, api_url("github", keys.url) + path, headers=fields, body=body)
        found = json.loads(answer.body)
        if not isinstance(found, dict):
            raise Unavailable("GitHub answers with something else than what was asked for.")
        return found

    def _signed(self, keys: AppKeys) -> str:
        now = int(self._clock.time())
        claims = {"iat": now - _EARLIER, "exp": now + _LIFE, "iss": keys.app_id}
        try:
            return jwt.encode(claims, keys.key, algorithm="RS256")
        except (ValueError, jwt.PyJWTError) as error:
            raise Unavailable(f"The private key of the GitHub App does not sign: {error}") from error


def _changed_at(link: ProviderLink) -> float:
    return link.app_changed_at.timestamp() if link.app_changed_at else 0.0
