"""The first look at an https source: follows its redirects one by one, each to an address that imports may reach.

git would follow them by itself, wherever they lead. So it never gets to: it is given the last address, pinned.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ..errors import InvalidInput, TimedOut
from .addresses import AddressPolicy
from .sources import Source, parse_source

_MOST_REDIRECTS = 5
_LIMIT = 20.0
_ASK = "/info/refs?service=git-upload-pack"
NEEDS_PASSWORD = (
    "The repository asks for a password, or does not exist. Firefly imports only what anyone may read: "
    "check the address, or make the repository public while it is imported."
)


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, so that a second look-up cannot give others."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        return None


async def follow(source: Source, policy: AddressPolicy, authorization: str = "") -> tuple[Source, Sequence[str]]:
    """Where the repository really is, and the addresses to pin; `authorization` is said to the first host alone.

    Raises InvalidInput, TimedOut.
    """
    host = source.host
    for _ in range(_MOST_REDIRECTS + 1):
        addresses = await policy.resolve(source.host, source.port)
        if source.scheme == "http" and not all(policy.lists(address) for address in addresses):
            raise InvalidInput("Only https is safe on the way here. Use the https address.", field="git_url")
        location = await _ask(source, addresses, authorization)
        if location is None:
            return source, addresses
        source = _redirected(source, location)
        if authorization and source.host != host:
            raise InvalidInput(f"{host} redirects to another host, which is not told the token.", field="git_url")
    raise InvalidInput("The address redirects in circles.", field="git_url")


async def _ask(source: Source, addresses: Sequence[str], authorization: str) -> str | None:
    """None when a repository answers here; else where it says it is."""
    connector = aiohttp.TCPConnector(resolver=_Pinned(addresses), use_dns_cache=False)
    timeout = aiohttp.ClientTimeout(total=_LIMIT)
    headers = {"User-Agent": "git/2.39.0", "Accept": "*/*"}
    headers |= {"Authorization": authorization} if authorization else {}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session,
            session.get(source.url + _ASK, allow_redirects=False) as response,
        ):
            return _judge(response)
    except TimeoutError as error:
        raise TimedOut(f"{source.host} does not answer. Check the address, or try again later.") from error
    except aiohttp.ClientSSLError as error:
        raise InvalidInput(f"{source.host} shows no certificate that can be trusted.", field="git_url") from error
    except (aiohttp.ClientError, asyncio.IncompleteReadError) as error:
        raise InvalidInput(f"{source.host} cannot be reached. Check the address.", field="git_url") from error


def _judge(response: aiohttp.ClientResponse) -> str | None:
    if response.status in {301, 302, 303, 307, 308} and response.headers.get("Location"):
        return response.headers["Location"]
    if response.status in {401, 403, 407}:
        raise InvalidInput(NEEDS_PASSWORD, field="git_url")
    if response.status in {404, 410}:
        raise InvalidInput("There is no repository at this address.", field="git_url")
    if response.status != 200:
        raise InvalidInput(f"The host answers with status {response.status} instead of a repository.", field="git_url")
    if response.content_type != "application/x-git-upload-pack-advertisement":
        raise InvalidInput("What answers at this address is no git repository.", field="git_url")
    return None


def _redirected(source: Source, location: str) -> Source:
    target = urlsplit(urljoin(source.url + _ASK, location))
    path, found, _ = target.path.rpartition("/info/refs")
    if not found or target.scheme not in {"https", "http"} or (source.scheme == "https" and target.scheme == "http"):
        raise InvalidInput("The address redirects to something that is no git repository.", field="git_url")
    moved = parse_source(f"{target.scheme}://{target.netloc}{path}")
    return replace(moved, path=path)
