"""One call of a hook: signed, to an address that may be reached, within limits; what comes back is a status."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from ...errors import FireflyError, InvalidInput
from ...git import AddressPolicy
from ...git.permitted import permitted_session
from .records import Way

LIMIT = 15.0
LONGEST_ANSWER = 2000
LONGEST_URL = 2000
REFUSED = (
    "It is this machine or lies in a private network, where hooks may not go. An administrator can allow it with "
    "FIREFLY_HOOK_ADDRESSES."
)


@dataclass(frozen=True, slots=True)
class Posted:
    """`status` is None where nobody answered, for the `reason`."""

    status: int | None
    reason: str
    answer: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Posting:
    """Never follows a redirect, which could lead anywhere."""

    def __init__(self, policy: AddressPolicy, *, limit: float = LIMIT) -> None:
        self._policy = policy
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def check(self, url: str) -> str:
        """The host. Raises InvalidInput for an address that hooks may not have, Unavailable."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("https", "http") or not url.isascii() or not url.isprintable():
            raise InvalidInput("The address of a hook is a URL that begins with https://.", field="url")
        if len(url) > LONGEST_URL or parts.username is not None or parts.password is not None:
            raise InvalidInput("That address is too long, or has a password in it.", field="url")
        plain = parts.scheme == "http"
        try:
            addresses = await self._policy.resolve(host, port or (80 if plain else 443))
        except InvalidInput as error:
            raise InvalidInput(error.detail if "no host" in error.detail else REFUSED, field="url") from error
        if plain and not all(self._policy.lists(address) for address in addresses):
            raise InvalidInput("Only https is safe on the way to a hook.", field="url")
        return host

    async def post(self, way: Way, *, delivery: str, event: str, body: bytes, at: int) -> Posted:
        """`at` are POSIX seconds, which are signed too, so that nobody can send it again later."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Firefly",
            "X-Firefly-Event": event,
            "X-Firefly-Delivery": delivery,
            "X-Firefly-Signature": signature(way.secret, body, at),
        }
        try:
            async with asyncio.timeout(self._limit):
                # Numbers never come to the resolver, and names may mean something else by now.
                await self.check(way.url)
                sent = self._open().post(way.url, data=body, headers=headers, allow_redirects=False)
                async with sent as response:
                    said = await response.content.read(LONGEST_ANSWER)
                    return Posted(response.status, _reason(response.status), _readable(said))
        except TimeoutError:
            return Posted(None, f"It did not answer within {self._limit:.0f} s.")
        except FireflyError as error:
            return Posted(None, error.detail)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error.__cause__
            return Posted(None, cause.detail if isinstance(cause, FireflyError) else f"No way: {type(error).__name__}.")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = permitted_session(self._policy)
        return self._session


def signature(secret: str, body: bytes, at: int) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>` with the hook's key."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def _reason(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "It sends elsewhere, which hooks do not follow." if 300 <= status < 400 else f"It answered with {status}."


def _readable(said: bytes) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in said.decode("utf-8", "replace"))
