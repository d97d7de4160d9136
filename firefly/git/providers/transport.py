"""How providers are asked: pinned addresses, limits of time and size, ETags, and patience where they ask for it."""

import asyncio
import contextlib
import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp

from ...errors import Conflict, FireflyError, Forbidden, InvalidInput, NotFound, RateLimited, TimedOut, Unavailable
from ...weighing import MOST_VALUES, values_in
from ..addresses import AddressPolicy
from ..permitted import permitted_session
from .model import CredentialRefused

LIMIT = 20.0
LARGEST = 16 << 20
_REMEMBERED, _REMEMBERED_BYTES = 256, 256 << 10
_REDIRECTS = 3
_MOVED = frozenset({301, 302, 307, 308})
# What a provider says it is to be left alone for may be nonsense.
_LONGEST_WAIT = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """One for all providers of an installation. What it is told not to do yet, it does not ask again."""

    def __init__(self, policy: AddressPolicy, *, limit: float = LIMIT, now: Callable[[], float] = time.time) -> None:
        self._policy = policy
        self._limit = limit
        self._now = now
        self._session: aiohttp.ClientSession | None = None
        self._remembered: OrderedDict[str, Answer] = OrderedDict()
        self._quiet_until: dict[str, float] = {}

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """An answer below 400. Raises what `GitProvider` promises."""
        fields = {name.lower(): value for name, value in (headers or {}).items()}
        fields.setdefault("user-agent", "Firefly")
        who = _who(url, fields)
        self._check_quiet(who, url)
        try:
            async with asyncio.timeout(self._limit):
                answer = await self._ask(method, url, fields, body, who)
        except TimeoutError as error:
            raise TimedOut(f"{_host(url)} did not answer within {self._limit:.0f} s.") from error
        except aiohttp.ClientError as error:
            cause = error.__cause__
            if isinstance(cause, FireflyError):
                raise cause from None
            raise Unavailable(f"{_host(url)} cannot be reached: {type(error).__name__}.", retry_after=30) from error
        except ValueError as error:
            # A token that no header can hold, or an address to go on to that is none.
            raise Unavailable(f"{_host(url)} cannot be asked like this: the token or the answer is odd.") from error
        self._heed_limits(who, answer)
        check(answer, _host(url), wait=self._quiet_until.get(who, 0.0) - self._now())
        return answer

    async def _ask(self, method: str, url: str, fields: dict[str, str], body: bytes | None, who: str) -> Answer:
        for _ in range(_REDIRECTS + 1):
            answer = await self._once(method, url, fields, body, who)
            target = urljoin(url, answer.headers.get("location", ""))
            # A renamed repository is somewhere else at the same provider; a token goes to no other.
            if answer.status not in _MOVED or _origin(target) != _origin(url):
                return answer
            url = target
        raise Unavailable(f"{_host(url)} redirects in circles.", retry_after=300)

    async def _once(self, method: str, url: str, fields: dict[str, str], body: bytes | None, who: str) -> Answer:
        await self._check_address(url)
        key = f"{who} {fields.get('accept', '')} {url}"
        known = self._remembered.get(key) if method == "GET" else None
        sent = fields | ({"if-none-match": known.headers["etag"]} if known else {})
        async with self._open().request(method, url, headers=sent, data=body, allow_redirects=False) as response:
            answer = Answer(response.status, {n.lower(): v for n, v in response.headers.items()}, await _read(response))
        if answer.status == 304 and known is not None:
            self._remembered.move_to_end(key)
            return known
        if method == "GET" and answer.status == 200 and "etag" in answer.headers:
            self._remember(key, answer)
        return answer

    async def _check_address(self, url: str) -> None:
        """Addresses in numbers never come to the resolver; and without encryption only what the settings list."""
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise InvalidInput("The address of a provider begins with https://.", field="base_url")
        plain = parts.scheme == "http"
        if plain or _is_number(parts.hostname):
            addresses = await self._policy.resolve(parts.hostname, parts.port or (80 if plain else 443))
            if plain and not all(self._policy.lists(address) for address in addresses):
                raise InvalidInput("Only https is safe on the way to a provider.", field="base_url")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = permitted_session(self._policy)
        return self._session

    def _remember(self, key: str, answer: Answer) -> None:
        if len(answer.body) <= _REMEMBERED_BYTES:
            self._remembered[key] = answer
            self._remembered.move_to_end(key)
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)

    def _check_quiet(self, who: str, url: str) -> None:
        wait = self._quiet_until.get(who, 0.0) - self._now()
        if wait > 0:
            raise _rate_limited(_host(url), wait)
        self._quiet_until.pop(who, None)

    def _heed_limits(self, who: str, answer: Answer) -> None:
        wait = asked_to_wait(answer, self._now())
        if wait is not None:
            self._quiet_until[who] = self._now() + min(max(wait, 1.0), _LONGEST_WAIT)


def asked_to_wait(answer: Answer, now: float) -> float | None:
    """Seconds, of an answer that refuses for now, or that was the last one of its hour."""
    headers = answer.headers
    remaining = headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining")
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset")
    refused = answer.status in (403, 429)
    with contextlib.suppress(ValueError):
        if refused and "retry-after" in headers:
            return float(headers["retry-after"])
        if remaining is not None and int(remaining) <= 0 and reset is not None:
            return float(reset) - now
    return 60.0 if answer.status == 429 else None


def check(answer: Answer, host: str, *, wait: float = 0.0) -> None:
    """Raise for an answer that is none."""
    status = answer.status
    if status < 300:
        return
    if status == 401:
        raise CredentialRefused(f"{host} does not accept the token any more. Connect it again.")
    if status in (403, 429) and wait > 0:
        raise _rate_limited(host, wait)
    if status == 403:
        raise Forbidden(f"{host} does not allow this: {_said(answer)}")
    if status in (404, 410):
        raise NotFound(f"{host} has no such thing, or shows it to others only.")
    if status < 500:
        raise Conflict(f"{host} did not take it ({status}): {_said(answer)}")
    raise Unavailable(f"{host} has a fault of its own ({status}).", retry_after=30)


def _rate_limited(host: str, wait: float) -> RateLimited:
    return RateLimited(f"{host} was asked too often. It may be asked again in {wait:.0f} s.", retry_after=wait)


def _said(answer: Answer) -> str:
    """What to quote of an answer: printable, short."""
    text = answer.body[:2000].decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:300] or "nothing else"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST:
            raise Unavailable(f"{response.host} answers with more than {LARGEST >> 20} MiB.", retry_after=300)
    if values_in(body) > MOST_VALUES:
        raise Unavailable(f"{response.host} answers with more than {MOST_VALUES:,} values.", retry_after=300)
    return bytes(body)


def _who(url: str, headers: Mapping[str, str]) -> str:
    """Whose patience it is: the account's at that provider, without keeping the token."""
    credential = headers.get("authorization", "") + headers.get("private-token", "")
    return f"{_origin(url)} {hashlib.sha256(credential.encode()).hexdigest()}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or "The provider"


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
