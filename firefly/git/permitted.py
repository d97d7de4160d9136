"""Requests to addresses that people name: only to those that a policy permits."""

import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import AddressPolicy


class Permitted(AbstractResolver):
    """Only addresses that the policy permits, looked up anew for each connection."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = []
        for address in await self._policy.resolve(host, port):
            kind = socket.AF_INET6 if ":" in address else socket.AF_INET
            found.append(
                ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            )
        return found

    async def close(self) -> None:
        return None


def permitted_session(policy: AddressPolicy) -> aiohttp.ClientSession:
    """Keeps no cookies, and no address longer than a connection."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Permitted(policy), use_dns_cache=False, limit=32),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
